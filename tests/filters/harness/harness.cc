// Runs the parts of the filters that need no request, inside the proxy that runs the filters.
//
// The configuration is a table, one question a line, every word in hexadecimal:
//
//   json TEXT · base64 TEXT required|optional · covers prefix|exact|suffix PATTERN PATH
//   host PATTERN AUTHORITY · rules CONFIGURATION · changes CONFIGURATION · pairs NAME VALUE ...
//
// The answers go to the log: "answer NUMBER TEXT", the text again in hexadecimal.

#include "changes.h"
#include "proxy_wasm.h"
#include "rules.h"

namespace {

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<char>(places::hex(text[i]) * 16 + places::hex(text[i + 1])));
  }
  return out;
}

std::string to_hex(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : text) out.append({digits[c >> 4], digits[c & 15]});
  return out;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= line.size();) {
    size_t end = std::min(line.find(' ', at), line.size());
    out.push_back(from_hex(line.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

std::string shown(const json::Value& value) {
  std::string out;
  switch (value.kind) {
    case json::Kind::string: return "<" + value.text + ">";
    case json::Kind::array:
      for (const auto& item : value.items) out += shown(item) + ",";
      return "[" + out + "]";
    case json::Kind::object:
      for (const auto& [key, member] : value.members) out += "<" + key + ">:" + shown(member) + ",";
      return "{" + out + "}";
    default: return value.text;
  }
}

std::string answer(const std::vector<std::string>& q) {
  std::string error;
  if (q[0] == "json") {
    auto value = json::parse(q[1], error);
    return value ? shown(*value) : "! " + error;
  }
  if (q[0] == "base64") {
    auto bytes = base64::decoded(q[1], q[2] == "required" ? base64::Padding::required
                                                          : base64::Padding::optional);
    return bytes ? "<" + *bytes + ">" : "!";
  }
  if (q[0] == "covers") {
    auto match = q[1] == "prefix"  ? places::Match::prefix
                 : q[1] == "exact" ? places::Match::exact
                                   : places::Match::suffix;
    return places::covers(match, q[2], places::readings(q[3])) ? "covered" : "open";
  }
  if (q[0] == "host") return places::covers({q[1]}, places::host(q[2])) ? "covered" : "open";
  if (q[0] == "rules") {
    rules::Rules read;
    std::string wrong = rules::read(q[1], read);
    return wrong.empty() ? "accepted " + read.challenge : wrong;
  }
  if (q[0] == "changes") {
    changes::Changes read;
    std::string wrong = changes::read(q[1], read);
    return wrong.empty() ? "accepted" : wrong;
  }
  if (q[0] == "pairs") {
    wasm::Pairs pairs;
    for (size_t i = 1; i + 1 < q.size(); i += 2) pairs.emplace_back(q[i], q[i + 1]);
    return wasm::unpacked(wasm::packed(pairs)) == pairs ? "same" : "different";
  }
  return "? " + q[0];
}

}  // namespace

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t size) {
  std::string table = wasm::plugin_configuration(size);
  size_t number = 0;
  for (size_t at = 0; at < table.size(); ++number) {
    size_t end = std::min(table.find('\n', at), table.size());
    std::string text = to_hex(answer(words(std::string_view(table).substr(at, end - at))));
    wasm::log(wasm::Level::error, "answer " + std::to_string(number) + " " + text + " .");
    at = end + 1;
  }
  return true;
}
