// Whether a rule's path or host covers the one of a request, read the way a careless backend
// might read it: where readings differ, a rule covers the request if any of them is covered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fields.h"

namespace places {

enum class Match { prefix, exact, suffix };

inline int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// One round of percent-decoding; what is no escape stays. Two-byte overlong forms of ASCII
// (C0 AF for a slash) become the character that old decoders made of them.
inline std::string unescaped(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    bool escape = path[i] == '%' && i + 2 < path.size() && hex(path[i + 1]) >= 0 &&
                  hex(path[i + 2]) >= 0;
    unsigned char c = escape ? hex(path[i + 1]) * 16 + hex(path[i + 2]) : path[i];
    i += escape ? 2 : 0;
    unsigned char before = out.empty() ? 0 : out.back();
    if ((before == 0xC0 || before == 0xC1) && (c & 0xC0) == 0x80) {
      out.back() = static_cast<char>((before & 1) << 6 | (c & 0x3F));
    } else {
      out.push_back(static_cast<char>(c));
    }
  }
  return out;
}

enum class Parents { resolved, kept };

// Segments without parameters (";v=1"), empty ones and "." left out, ".." resolved or kept, no
// query, no slash at the end, lower case.
inline std::string tidied(std::string_view path, Parents parents) {
  path = path.substr(0, path.find_first_of("?#"));
  std::string out;
  size_t at = 0;
  while (at < path.size()) {
    size_t end = path.find_first_of("/\\", at);
    if (end == path.npos) end = path.size();
    std::string_view segment = path.substr(at, end - at);
    segment = segment.substr(0, segment.find(';'));
    if (segment == ".." && parents == Parents::resolved) {
      size_t parent = out.rfind('/');
      out.resize(parent == out.npos ? 0 : parent);
    } else if (!segment.empty() && segment != ".") {
      out.push_back('/');
      out.append(segment);
    }
    at = end + 1;
  }
  return fields::lower(out);
}

// Every reading of a request's path without query and fragment. No reading at all where it cannot
// be told what a backend will make of it: not a path ("*", nothing), control characters, escapes
// within escapes within escapes.
inline std::vector<std::string> readings(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (size_t scheme = path.find("://"); !path.starts_with('/') && scheme != path.npos) {
    size_t slash = path.find('/', scheme + 3);
    path = slash == path.npos ? "/" : path.substr(slash);
  }
  if (!path.starts_with('/') || fields::holds_control(path)) return {};
  std::vector<std::string> out = {fields::lower(path)};
  std::string text(path);
  constexpr int rounds = 4;
  for (int round = 0;; ++round) {
    for (Parents parents : {Parents::resolved, Parents::kept}) {
      std::string tidy = tidied(text, parents);
      out.push_back(tidy + "/");
      out.push_back(std::move(tidy));
      if (text.find("..") == text.npos) break;
    }
    std::string next = unescaped(text);
    if (next == text) return out;
    if (round == rounds || fields::holds_control(next)) return {};
    text = std::move(next);
  }
}

inline bool covers(Match match, std::string_view pattern,
                   const std::vector<std::string>& readings) {
  if (readings.empty()) return true;
  for (std::string_view path : readings) {
    if (match == Match::prefix   ? path.starts_with(pattern)
        : match == Match::suffix ? path.ends_with(pattern)
                                 : path == pattern) {
      return true;
    }
  }
  return false;
}

// The host of an authority: no user, no port, no dot at the end, lower case.
inline std::string host(std::string_view authority) {
  if (size_t user = authority.rfind('@'); user != authority.npos) {
    authority.remove_prefix(user + 1);
  }
  size_t bracket = authority.starts_with('[') ? authority.find(']') : authority.npos;
  size_t end = bracket == authority.npos ? authority.find(':') : bracket + 1;
  authority = authority.substr(0, end);
  while (authority.ends_with('.')) authority.remove_suffix(1);
  return fields::lower(authority);
}

// `patterns` as the configuration has them, lower case: "*.example.com", "example.*", "*", or a
// host. No patterns: every host. A request without a host is covered: it could be for any.
inline bool covers(const std::vector<std::string>& patterns, std::string_view host) {
  if (patterns.empty() || host.empty()) return true;
  for (std::string_view pattern : patterns) {
    if (pattern.starts_with('*') ? host.ends_with(pattern.substr(1))
        : pattern.ends_with('*') ? host.starts_with(pattern.substr(0, pattern.size() - 1))
                                 : host == pattern) {
      return true;
    }
  }
  return false;
}

}  // namespace places
