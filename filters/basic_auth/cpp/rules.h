// The rules of a configuration: what they are and how they are read.
//
// A reader of a lock is strict: whatever would leave a route open that its author thinks closed is
// an error, not a default. Errors name the place and never quote a credential.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base64.h"
#include "fields.h"
#include "json.h"
#include "places.h"

namespace rules {

struct Rule {
  places::Match match = places::Match::prefix;
  std::string path;                      // lower case
  std::vector<std::string> hosts;        // lower case; none: every host
  std::vector<std::string> methods;      // lower case
  std::vector<std::string> credentials;  // "user:password"
};

struct Rules {
  std::string challenge;
  std::vector<Rule> rules;
};

using Wrong = std::string;  // where and what is wrong, empty if nothing is

// "realm" + "must be a string", "credentials" + "[0] is empty", "rules[0]" + ".prefix is empty".
inline Wrong at(const std::string& place, const Wrong& wrong) {
  bool deeper = wrong.starts_with('[') || wrong.starts_with('.');
  return wrong.empty() ? wrong : place + (deeper ? "" : " ") + wrong;
}

inline std::string element(size_t number) { return "[" + std::to_string(number) + "]"; }

inline Wrong expected(const char* what, const json::Value& value) {
  return std::string("must be ") + what + ", is " + json::name(value.kind);
}

// A list of at least one string, each taken over by `read`.
template <class Read>
Wrong read_list(const json::Value& value, Read read) {
  if (!value.is(json::Kind::array)) return expected("a list of strings", value);
  for (size_t i = 0; i < value.items.size(); ++i) {
    const json::Value& item = value.items[i];
    Wrong wrong = item.is(json::Kind::string) ? read(item.text) : expected("a string", item);
    if (!wrong.empty()) return at(element(i), wrong);
  }
  return {};
}

// A method is compared without regard to case, but written as methods are: "get" is a mistake
// that other filters take for another method.
inline Wrong read_method(std::string_view text, std::vector<std::string>& methods) {
  bool odd = !fields::token(text);
  for (char c : text) odd |= (c >= 'a' && c <= 'z') || c == '*';
  if (odd) return "is no method; methods are tokens in upper case, there is no wildcard";
  methods.push_back(fields::lower(text));
  if (text == "GET") methods.push_back("head");  // whoever may not read may not ask for the size
  return {};
}

inline Wrong read_credential(std::string_view text, std::vector<std::string>& credentials) {
  if (text.empty()) return "is empty";
  std::string plain(text);
  if (plain.find(':') == plain.npos) {
    auto bytes = base64::decoded(text, base64::Padding::optional);
    if (!bytes) return "is neither user:password nor base64 of it";
    plain = std::move(*bytes);
  }
  size_t colon = plain.find(':');
  if (colon == plain.npos) return "is base64 of something without a colon";
  if (colon == 0) return "has an empty user name";
  if (colon + 1 == plain.size()) return "has an empty password";
  if (fields::holds_control(plain)) return "holds a control character, perhaps a line end";
  credentials.push_back(std::move(plain));
  return {};
}

inline Wrong read_host(std::string_view text, std::vector<std::string>& hosts) {
  if (text.empty()) return "is empty";
  if (text.find_first_of("/@?# \t") != text.npos || fields::holds_control(text)) {
    return "is no host";
  }
  size_t star = text.find('*');
  bool wildcard = star != text.npos;
  if (wildcard && (text.rfind('*') != star || (star != 0 && star != text.size() - 1))) {
    return "has a '*' that is neither the first nor the last character, or more than one";
  }
  std::string host = fields::lower(text);
  if (!wildcard || star == 0) {
    while (host.ends_with('.')) host.pop_back();
  }
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (host.find(':') != host.npos && !bracketed) {
    return "has a port, or is an IPv6 address without brackets";
  }
  if (host.empty()) return "is no host";
  hosts.push_back(std::move(host));
  return {};
}

inline Wrong read_path(places::Match match, const json::Value& value, std::string& path) {
  if (!value.is(json::Kind::string)) return expected("a string", value);
  std::string_view text = value.text;
  if (text.empty()) return "is empty";
  if (match != places::Match::suffix && !text.starts_with('/')) return "must begin with '/'";
  if (text.find_first_of("?#") != text.npos) {
    return "has a '?' or '#'; rules are about the path in front of it";
  }
  if (text.find_first_of("%\\;") != text.npos || fields::holds_control(text)) {
    return "has a character ('%', '\\', ';', control) that paths are compared without";
  }
  std::string closed(text);
  if (!closed.ends_with('/')) closed.push_back('/');
  for (const char* part : {"//", "/./", "/../"}) {
    if (closed.find(part) != closed.npos) {
      return "has an empty segment, '.' or '..', which paths are compared without";
    }
  }
  path = fields::lower(text);
  return {};
}

inline Wrong read_rule(const json::Value& value, Rule& rule) {
  if (!value.is(json::Kind::object)) return expected("an object", value);
  int paths = 0;
  bool methods = false, credentials = false;
  for (const auto& [key, member] : value.members) {
    Wrong wrong;
    if (key == "prefix" || key == "exact" || key == "suffix") {
      rule.match = key == "prefix"  ? places::Match::prefix
                   : key == "exact" ? places::Match::exact
                                    : places::Match::suffix;
      wrong = ++paths > 1 ? "is one path too many" : read_path(rule.match, member, rule.path);
    } else if (key == "hosts") {
      wrong = read_list(member, [&](const auto& text) { return read_host(text, rule.hosts); });
    } else if (key == "request_methods") {
      methods = true;
      wrong = read_list(member, [&](const auto& text) { return read_method(text, rule.methods); });
      if (wrong.empty() && rule.methods.empty()) wrong = "is empty";
    } else if (key == "credentials") {
      credentials = true;
      wrong = read_list(member,
                        [&](const auto& text) { return read_credential(text, rule.credentials); });
      if (wrong.empty() && rule.credentials.empty()) wrong = "is empty";
    } else {
      return "has the unknown key " + json::shown(key) +
             "; known are prefix, exact, suffix, hosts, request_methods, credentials";
    }
    if (!wrong.empty()) return "." + at(key, wrong);
  }
  if (paths == 0) return "has no prefix, exact or suffix";
  if (!methods) return "has no request_methods";
  if (!credentials) return "has no credentials";
  return {};
}

// A quoted string, as RFC 7617 section 2 wants the realm: '"' and '\' are escaped.
inline std::string challenge(std::string_view realm) {
  std::string quoted;
  for (char c : realm) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return "Basic realm=\"" + quoted + "\"";
}

inline Wrong read(std::string_view text, Rules& out) {
  if (text.empty()) return "there is none, so nothing would be protected";
  std::string error;
  auto document = json::parse(text, error);
  if (!document) return "not valid JSON: " + error;
  if (!document->is(json::Kind::object)) return expected("an object", *document);
  out.challenge = challenge("istio");
  for (const auto& [key, value] : document->members) {
    if (key == "realm") {
      if (!value.is(json::Kind::string)) return at(key, expected("a string", value));
      if (fields::holds_control(value.text)) return at(key, "holds a control character");
      out.challenge = challenge(value.text);
    } else if (key == "basic_auth_rules") {
      if (!value.is(json::Kind::array)) return at(key, expected("a list of rules", value));
      for (size_t i = 0; i < value.items.size(); ++i) {
        Wrong wrong = read_rule(value.items[i], out.rules.emplace_back());
        if (!wrong.empty()) return at(key + element(i), wrong);
      }
    } else {
      return "the unknown key " + json::shown(key) + "; known are basic_auth_rules and realm";
    }
  }
  return out.rules.empty() ? "there are no basic_auth_rules, so nothing would be protected" : "";
}

}  // namespace rules
