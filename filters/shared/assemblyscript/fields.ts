// What may stand in an HTTP header field (RFC 9110 sections 5.1 and 5.5).

export function upper(c: i32): bool {
  return c >= 0x41 && c <= 0x5a;
}

export function digit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

export function alphanumeric(c: i32): bool {
  return upper(c & ~0x20) || digit(c);
}

// A token: the name of a field, a method, a scheme.
export function token(text: string): bool {
  for (let i = 0; i < text.length; ++i) {
    if (!alphanumeric(text.charCodeAt(i)) && !"!#$%&'*+-.^_`|~".includes(text.charAt(i))) {
      return false;
    }
  }
  return text.length > 0;
}

export function control(c: i32): bool {
  return c < 0x20 || c == 0x7f;
}

export function holdsControl(text: string): bool {
  for (let i = 0; i < text.length; ++i) {
    if (control(text.charCodeAt(i))) return true;
  }
  return false;
}

// ASCII only, as the names of fields, hosts and schemes are; String.toLowerCase knows more letters.
export function lower(text: string): string {
  let at = 0;
  while (at < text.length && !upper(text.charCodeAt(at))) ++at;
  if (at == text.length) return text;
  const codes = new Array<i32>(text.length);
  for (let i = 0; i < text.length; ++i) {
    const c = text.charCodeAt(i);
    codes[i] = upper(c) ? c | 0x20 : c;
  }
  return String.fromCharCodes(codes);
}
