// What may stand in an HTTP header field (RFC 9110 sections 5.1 and 5.5).
#pragma once

#include <string>
#include <string_view>

namespace fields {

inline bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A token: the name of a field, a method, a scheme.
inline bool token(std::string_view text) {
  for (char c : text) {
    if (!alphanumeric(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == text.npos) return false;
  }
  return !text.empty();
}

inline bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

inline bool holds_control(std::string_view text) {
  for (char c : text) {
    if (control(c)) return true;
  }
  return false;
}

// ASCII only: the names of fields, hosts and schemes have no other letters that differ in case.
inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return out;
}

}  // namespace fields
