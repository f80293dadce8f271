// Base64 (RFC 4648 section 4), strictly: this alphabet, no white space, no spare bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base64 {

enum class Padding { required, optional };

inline int digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// The bytes, or nothing. Two different texts never decode to the same bytes, apart from padding
// where that is optional.
inline std::optional<std::string> decoded(std::string_view text, Padding padding) {
  bool padded = text.size() % 4 == 0;
  if (!padded && padding == Padding::required) return std::nullopt;
  for (int i = 0; padded && i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (char c : text) {
    int value = digit(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held));
      bits &= (1u << held) - 1;
    }
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace base64
