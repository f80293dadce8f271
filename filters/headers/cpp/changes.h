// The changes that a configuration asks for, and how they are read; see headers.cc.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fields.h"
#include "json.h"

namespace changes {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Changes {
  std::vector<std::string> removed;
  Pairs replaced;
  Pairs added;

  bool empty() const { return removed.empty() && replaced.empty() && added.empty(); }
};

// Everything below returns what is wrong, or an empty text.
inline std::string wrong_name(std::string_view name) {
  if (name.empty()) return "an empty header name";
  if (name.front() == ':') return "a pseudo-header; it is not a header field";
  if (!fields::token(name)) return "a header name with a character that names cannot have";
  for (std::string_view framing : {"connection", "content-length", "keep-alive", "proxy-connection",
                                   "te", "trailer", "transfer-encoding", "upgrade"}) {
    if (fields::lower(name) == framing) {
      return "\"" + std::string(framing) + "\", which frames the message and is the proxy's own";
    }
  }
  return {};
}

inline std::string wrong_value(const json::Value& value) {
  if (!value.is(json::Kind::string)) {
    return std::string("a value that is ") + name(value.kind) + ", not a string";
  }
  std::string_view text = value.text;
  for (char c : text) {
    if (fields::control(c) && c != '\t') return "a value with a control character";
  }
  constexpr std::string_view blank = " \t";
  if (!text.empty() && (blank.find(text.front()) != blank.npos ||
                        blank.find(text.back()) != blank.npos)) {
    return "a value with white space around it";
  }
  return {};
}

inline std::string read_names(const json::Value& list, std::vector<std::string>& names) {
  if (!list.is(json::Kind::array)) return "no list of header names";
  for (const json::Value& item : list.items) {
    if (!item.is(json::Kind::string)) return "a header name that is not a string";
    if (std::string wrong = wrong_name(item.text); !wrong.empty()) return wrong;
    std::string name = fields::lower(item.text);
    for (const std::string& other : names) {
      if (other == name) return "\"" + name + "\" twice";
    }
    names.push_back(name);
  }
  return {};
}

inline std::string read_pairs(const json::Value& object, bool several, Pairs& pairs) {
  if (!object.is(json::Kind::object)) return "no object of header names and values";
  std::vector<std::string> names;
  for (const auto& [key, value] : object.members) {
    if (std::string wrong = wrong_name(key); !wrong.empty()) return wrong;
    std::string name = fields::lower(key);
    for (const std::string& other : names) {
      if (other == name) return "\"" + name + "\" twice";
    }
    names.push_back(name);
    bool list = several && value.is(json::Kind::array);
    if (list && value.items.empty()) return "\"" + name + "\" with an empty list of values";
    for (const json::Value& each : list ? value.items : std::vector<json::Value>{value}) {
      if (std::string wrong = wrong_value(each); !wrong.empty()) {
        return "\"" + name + "\" with " + wrong;
      }
      pairs.emplace_back(name, each.text);
    }
  }
  return {};
}

inline std::string read(std::string_view text, Changes& changes) {
  if (text.empty()) return "there is none; give at least one of add, replace, remove";
  std::string error;
  auto document = json::parse(text, error);
  if (!document) return "not valid JSON: " + error;
  if (!document->is(json::Kind::object)) {
    return std::string("must be an object, is ") + name(document->kind);
  }
  for (const auto& [key, value] : document->members) {
    std::string wrong;
    if (key == "remove") {
      wrong = read_names(value, changes.removed);
    } else if (key == "replace") {
      wrong = read_pairs(value, false, changes.replaced);
    } else if (key == "add") {
      wrong = read_pairs(value, true, changes.added);
    } else {
      return "the unknown key " + json::shown(key) + "; known are add, replace, remove";
    }
    if (!wrong.empty()) return key + " names " + wrong;
  }
  return changes.empty() ? "it changes no header" : "";
}

}  // namespace changes
