// A strict JSON reader (RFC 8259) for configurations: one value and nothing after it, no comments,
// no trailing commas, no key twice in one object, valid UTF-8, at most MAX_DEPTH levels.
//
// Errors say what was expected and where. They never quote a value: it may be a password. Texts are
// bytes, see bytes.ts.

import { utf8 } from "./bytes";
import { alphanumeric, digit } from "./fields";

const MAX_DEPTH = 32;

export const enum Kind {
  null,
  boolean,
  number,
  string,
  array,
  object,
}

export class Value {
  kind: Kind = Kind.null;
  text: string = ""; // of a string: its characters; of any other scalar: as written
  items: Value[] = []; // of an array; of an object: its values
  keys: string[] = []; // of an object, as ordered in the document

  is(kind: Kind): bool {
    return this.kind == kind;
  }

  // The kind as an error names it.
  get name(): string {
    switch (this.kind) {
      case Kind.null: return "null";
      case Kind.boolean: return "a boolean";
      case Kind.number: return "a number";
      case Kind.string: return "a string";
      case Kind.array: return "a list";
      default: return "an object";
    }
  }
}

// A key as an error may show it: whole where it looks like a key, else not at all.
export function shown(key: string): string {
  for (let i = 0; i < key.length; ++i) {
    const c = key.charCodeAt(i);
    if (!alphanumeric(c) && c != C("_") && c != C("-")) {
      return "(not shown: it does not look like a key)";
    }
  }
  return key.length > 40 ? "(not shown: too long)" : `"${key}"`;
}

// @ts-ignore: decorator
@inline
function C(text: string): i32 {
  return text.charCodeAt(0);
}

// Reads one document: `read` gives the value, or null and in `error` what was wrong and where.
export class Reader {
  error: string = "";
  private at: i32 = 0;

  constructor(private text: string) {}

  read(): Value | null {
    this.blanks();
    if (!this.more()) {
      this.fail("nothing but white space");
      return null;
    }
    const value = new Value();
    if (!this.value(value, 0)) return null;
    this.blanks();
    if (this.more()) {
      this.fail("something after the end of the value");
      return null;
    }
    return value;
  }

  private fail(what: string): bool {
    const before = this.text.substring(0, this.at);
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    this.error = `${what} at line ${line}, column ${column}`;
    return false;
  }

  private failAt(at: i32, what: string): bool {
    this.at = at;
    return this.fail(what);
  }

  private more(): bool {
    return this.at < this.text.length;
  }

  // The next byte, or -1 at the end.
  private peek(): i32 {
    return this.more() ? this.text.charCodeAt(this.at) : -1;
  }

  private take(wanted: i32): bool {
    if (this.peek() != wanted) return false;
    ++this.at;
    return true;
  }

  private blanks(): void {
    while (this.take(0x20) || this.take(0x09) || this.take(0x0a) || this.take(0x0d)) {}
  }

  private value(value: Value, depth: i32): bool {
    const next = this.peek();
    if ((next == C("{") || next == C("[")) && depth == MAX_DEPTH) {
      return this.fail("more than 32 levels of nesting");
    }
    if (next == C("{")) return this.object(value, depth);
    if (next == C("[")) return this.array(value, depth);
    if (next == C('"')) {
      value.kind = Kind.string;
      const text = this.string();
      if (text === null) return false;
      value.text = text;
      return true;
    }
    if (next == C("t")) return this.word(value, Kind.boolean, "true");
    if (next == C("f")) return this.word(value, Kind.boolean, "false");
    if (next == C("n")) return this.word(value, Kind.null, "null");
    return this.number(value);
  }

  private word(value: Value, kind: Kind, wanted: string): bool {
    if (this.text.substr(this.at, wanted.length) != wanted) return this.fail("no value");
    value.kind = kind;
    value.text = wanted;
    this.at += wanted.length;
    return true;
  }

  private digits(): bool {
    const start = this.at;
    while (digit(this.peek())) ++this.at;
    return this.at > start;
  }

  private number(value: Value): bool {
    const start = this.at;
    this.take(C("-"));
    const zero = this.peek() == C("0");
    const first = this.at;
    if (!this.digits()) {
      return this.failAt(start, this.more() ? "no value" : "the text ends before a value");
    }
    if (zero && this.at > first + 1) return this.failAt(start, "a number with a leading zero");
    if (this.take(C(".")) && !this.digits()) {
      return this.fail("no digit after the point of a number");
    }
    if (this.take(C("e")) || this.take(C("E"))) {
      if (!this.take(C("+"))) this.take(C("-"));
      if (!this.digits()) return this.fail("no digit in the exponent of a number");
    }
    value.kind = Kind.number;
    value.text = this.text.substring(start, this.at);
    return true;
  }

  private array(value: Value, depth: i32): bool {
    value.kind = Kind.array;
    this.take(C("["));
    this.blanks();
    if (this.take(C("]"))) return true;
    do {
      this.blanks();
      const item = new Value();
      if (!this.value(item, depth + 1)) return false;
      value.items.push(item);
      this.blanks();
    } while (this.take(C(",")));
    return this.take(C("]")) || this.fail("no ',' or ']' after an element of a list");
  }

  private object(value: Value, depth: i32): bool {
    value.kind = Kind.object;
    this.take(C("{"));
    this.blanks();
    if (this.take(C("}"))) return true;
    do {
      this.blanks();
      const start = this.at;
      if (this.peek() != C('"')) return this.fail("no key in double quotes");
      const key = this.string();
      if (key === null) return false;
      if (value.keys.includes(key)) return this.failAt(start, "a key for the second time");
      this.blanks();
      if (!this.take(C(":"))) return this.fail("no ':' after a key");
      this.blanks();
      const item = new Value();
      if (!this.value(item, depth + 1)) return false;
      value.keys.push(key);
      value.items.push(item);
      this.blanks();
    } while (this.take(C(",")));
    return this.take(C("}")) || this.fail("no ',' or '}' after a member of an object");
  }

  private string(): string | null {
    const start = this.at++;
    let out = "";
    let plain = this.at; // where the part begins that is not in `out` yet
    while (this.more()) {
      const c = this.peek();
      if (c == C('"')) {
        out += this.text.substring(plain, this.at++);
        return out;
      }
      if (c < 0x20) {
        this.fail("a control character inside a string");
        return null;
      }
      if (c == C("\\")) {
        out += this.text.substring(plain, this.at);
        const code = this.escape();
        if (code < 0) return null;
        out += utf8(code);
        plain = this.at;
      } else if (!this.character(c)) {
        this.fail("bytes that are not UTF-8");
        return null;
      }
    }
    this.failAt(start, "a string that never ends");
    return null;
  }

  // The code point that an escape stands for, or -1.
  private escape(): i32 {
    const start = this.at++;
    const known = '"\\/bfnrt'.indexOf(this.text.charAt(this.at));
    if (this.more() && known >= 0) {
      ++this.at;
      return '"\\/\b\f\n\r\t'.charCodeAt(known);
    }
    if (!this.take(C("u"))) return this.noEscape(start, "an unknown escape");
    const code = this.hex();
    if (code < 0) return this.noEscape(start, "an escape without four hexadecimal digits");
    if (code < 0xd800 || code > 0xdfff) return code;
    const low = code <= 0xdbff && this.take(C("\\")) && this.take(C("u")) ? this.hex() : -1;
    if (low < 0xdc00 || low > 0xdfff) return this.noEscape(start, "half of a surrogate pair");
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }

  private noEscape(start: i32, what: string): i32 {
    this.failAt(start, what);
    return -1;
  }

  private hex(): i32 {
    let code = 0;
    for (let i = 0; i < 4; ++i, ++this.at) {
      const c = this.peek();
      const letter = c | 0x20;
      if (digit(c)) {
        code = code * 16 + c - C("0");
      } else if (letter >= C("a") && letter <= C("f")) {
        code = code * 16 + letter - C("a") + 10;
      } else {
        return -1;
      }
    }
    return code;
  }

  // One character in UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
  private character(lead: i32): bool {
    if (lead < 0x80) {
      ++this.at;
      return true;
    }
    const tails = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    const smallest = tails == 3 ? 0x10000 : tails == 2 ? 0x800 : 0x80;
    if (lead < 0xc2 || lead > 0xf4 || this.at + tails >= this.text.length) return false;
    let code = lead & (0x3f >> tails);
    for (let i = 1; i <= tails; ++i) {
      const c = this.text.charCodeAt(this.at + i);
      if ((c & 0xc0) != 0x80) return false;
      code = (code << 6) | (c & 0x3f);
    }
    if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    this.at += tails + 1;
    return true;
  }
}
