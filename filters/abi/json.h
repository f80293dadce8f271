// A strict JSON reader (RFC 8259) for configurations: one value and nothing after it, no comments,
// no trailing commas, no key twice in one object, valid UTF-8, at most `max_depth` levels.
//
// Errors say what was expected and where. They never quote a value: it may be a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace json {

constexpr int max_depth = 32;

enum class Kind { null, boolean, number, string, array, object };

struct Value;
using Member = std::pair<std::string, Value>;

struct Value {
  Kind kind = Kind::null;
  std::string text;             // of a string: its characters; of any other scalar: as written
  std::vector<Value> items;     // of an array
  std::vector<Member> members;  // of an object, as ordered in the document

  bool is(Kind other) const { return kind == other; }
};

inline const char* name(Kind kind) {
  switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "a boolean";
    case Kind::number: return "a number";
    case Kind::string: return "a string";
    case Kind::array: return "a list";
    case Kind::object: return "an object";
  }
  return "?";
}

// A key as an error may show it: whole where it looks like a key, else not at all.
inline std::string shown(std::string_view key) {
  for (char c : key) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-';
    if (!plain) return "(not shown: it does not look like a key)";
  }
  return key.size() > 40 ? "(not shown: too long)" : "\"" + std::string(key) + "\"";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Value> document() {
    Value value;
    blanks();
    if (at_ == text_.size()) return failed("nothing but white space");
    if (!read(value, 0)) return std::nullopt;
    blanks();
    if (at_ != text_.size()) return failed("something after the end of the value");
    return value;
  }

  const std::string& error() const { return error_; }

 private:
  std::string_view text_;
  size_t at_ = 0;
  std::string error_;

  std::nullopt_t failed(std::string_view what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    error_ = std::string(what) + " at line " + std::to_string(line) + ", column " +
             std::to_string(column);
    return std::nullopt;
  }
  bool fail(std::string_view what) {
    failed(what);
    return false;
  }
  bool fail_at(size_t at, std::string_view what) {
    at_ = at;
    return fail(what);
  }

  bool more() const { return at_ < text_.size(); }
  char peek() const { return more() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    if (!more() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool read(Value& value, int depth) {
    bool container = peek() == '{' || peek() == '[';
    if (container && depth == max_depth) return fail("more than 32 levels of nesting");
    switch (peek()) {
      case '{': return object(value, depth);
      case '[': return array(value, depth);
      case '"': value.kind = Kind::string; return string(value.text);
      case 't': return word(value, Kind::boolean, "true");
      case 'f': return word(value, Kind::boolean, "false");
      case 'n': return word(value, Kind::null, "null");
      default: return number(value);
    }
  }

  bool word(Value& value, Kind kind, std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return fail("no value");
    value.kind = kind;
    value.text = wanted;
    at_ += wanted.size();
    return true;
  }

  bool digits() {
    size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start;
  }

  bool number(Value& value) {
    size_t start = at_;
    take('-');
    bool zero = peek() == '0';
    size_t first = at_;
    if (!digits()) return fail_at(start, more() ? "no value" : "the text ends before a value");
    if (zero && at_ > first + 1) return fail_at(start, "a number with a leading zero");
    if (take('.') && !digits()) return fail("no digit after the point of a number");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("no digit in the exponent of a number");
    }
    value.kind = Kind::number;
    value.text = text_.substr(start, at_ - start);
    return true;
  }

  bool array(Value& value, int depth) {
    value.kind = Kind::array;
    take('[');
    blanks();
    if (take(']')) return true;
    do {
      blanks();
      if (!read(value.items.emplace_back(), depth + 1)) return false;
      blanks();
    } while (take(','));
    return take(']') || fail("no ',' or ']' after an element of a list");
  }

  bool object(Value& value, int depth) {
    value.kind = Kind::object;
    take('{');
    blanks();
    if (take('}')) return true;
    do {
      blanks();
      size_t start = at_;
      Member member;
      if (peek() != '"') return fail("no key in double quotes");
      if (!string(member.first)) return false;
      for (const Member& other : value.members) {
        if (other.first == member.first) return fail_at(start, "a key for the second time");
      }
      blanks();
      if (!take(':')) return fail("no ':' after a key");
      blanks();
      if (!read(member.second, depth + 1)) return false;
      value.members.push_back(std::move(member));
      blanks();
    } while (take(','));
    return take('}') || fail("no ',' or '}' after a member of an object");
  }

  bool string(std::string& out) {
    size_t start = at_;
    take('"');
    while (more()) {
      unsigned char c = text_[at_];
      if (take('"')) return true;
      if (c < 0x20) return fail("a control character inside a string");
      if (c == '\\') {
        if (!escape(out)) return false;
      } else if (c < 0x80) {
        out.push_back(text_[at_++]);
      } else if (!utf8(out)) {
        return false;
      }
    }
    return fail_at(start, "a string that never ends");
  }

  bool escape(std::string& out) {
    size_t start = at_;
    take('\\');
    char c = peek();
    ++at_;
    switch (c) {
      case '"': case '\\': case '/': out.push_back(c); return true;
      case 'b': out.push_back('\b'); return true;
      case 'f': out.push_back('\f'); return true;
      case 'n': out.push_back('\n'); return true;
      case 'r': out.push_back('\r'); return true;
      case 't': out.push_back('\t'); return true;
      case 'u': break;
      default: return fail_at(start, "an unknown escape");
    }
    uint32_t code = 0;
    if (!hex(code)) return fail_at(start, "an escape without four hexadecimal digits");
    if (code >= 0xDC00 && code <= 0xDFFF) return fail_at(start, "half of a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
      uint32_t low = 0;
      if (!take('\\') || !take('u') || !hex(low) || low < 0xDC00 || low > 0xDFFF) {
        return fail_at(start, "half of a surrogate pair");
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    encode(code, out);
    return true;
  }

  bool hex(uint32_t& code) {
    for (int i = 0; i < 4; ++i, ++at_) {
      char c = peek();
      uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                       : c >= 'a' && c <= 'f' ? c - 'a' + 10
                       : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                              : 16;
      if (digit == 16) return false;
      code = code * 16 + digit;
    }
    return true;
  }

  static void encode(uint32_t code, std::string& out) {
    auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | (code >> shift & 0x3F))); };
    if (code < 0x80) {
      out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      out.push_back(static_cast<char>(0xC0 | code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | code >> 12));
      tail(6), tail(0);
    } else {
      out.push_back(static_cast<char>(0xF0 | code >> 18));
      tail(12), tail(6), tail(0);
    }
  }

  // One character of two to four bytes: no overlong form, no surrogate, nothing above U+10FFFF.
  bool utf8(std::string& out) {
    unsigned char lead = text_[at_];
    int tails = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t smallest = tails == 3 ? 0x10000 : tails == 2 ? 0x800 : 0x80;
    uint32_t code = lead & (0x3F >> tails);
    if (lead < 0xC2 || lead > 0xF4 || text_.size() - at_ <= size_t(tails)) {
      return fail("bytes that are not UTF-8");
    }
    for (int i = 1; i <= tails; ++i) {
      unsigned char c = text_[at_ + i];
      if ((c & 0xC0) != 0x80) return fail("bytes that are not UTF-8");
      code = code << 6 | (c & 0x3F);
    }
    if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      return fail("bytes that are not UTF-8");
    }
    out.append(text_.substr(at_, tails + 1));
    at_ += tails + 1;
    return true;
  }
};

// The value, or nothing and in `error` what was wrong and where.
inline std::optional<Value> parse(std::string_view text, std::string& error) {
  Reader reader(text);
  auto value = reader.document();
  error = reader.error();
  return value;
}

}  // namespace json
