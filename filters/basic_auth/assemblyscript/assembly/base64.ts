// Base64 (RFC 4648 section 4), strictly: this alphabet, no white space, no spare bits.

export const enum Padding {
  required,
  optional,
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The bytes, or null. Two different texts never decode to the same bytes, apart from padding where
// that is optional.
export function decoded(text: string, padding: Padding): string | null {
  let length = text.length;
  const padded = length % 4 == 0;
  if (!padded && padding == Padding.required) return null;
  for (let i = 0; padded && i < 2 && length > 0 && text.charAt(length - 1) == "="; ++i) --length;
  if (length % 4 == 1) return null;
  const bytes = new Array<i32>();
  let bits = 0;
  let held = 0;
  for (let i = 0; i < length; ++i) {
    const value = ALPHABET.indexOf(text.charAt(i));
    if (value < 0) return null;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push(bits >> held);
      bits &= (1 << held) - 1;
    }
  }
  return bits == 0 ? String.fromCharCodes(bytes) : null;
}
