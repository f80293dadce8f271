// Whether a rule's path or host covers the one of a request, read the way a careless backend might
// read it: where readings differ, a rule covers the request if any of them is covered.

import { digit, holdsControl, lower } from "../../../shared/assemblyscript/fields";

export const enum Match {
  none,
  prefix,
  exact,
  suffix,
}

const ROUNDS = 4; // of escapes within escapes that are followed

// Whether one of the readings matches; where there is none, every rule covers.
export function coversPath(match: Match, pattern: string, readings: string[]): bool {
  for (let i = 0; i < readings.length; ++i) {
    const path = readings[i];
    const covered =
      match == Match.prefix ? path.startsWith(pattern)
      : match == Match.suffix ? path.endsWith(pattern)
      : path == pattern;
    if (covered) return true;
  }
  return readings.length == 0;
}

// Every reading of a request's path, in lower case, without query and fragment. None where it
// cannot be told what a backend will make of it: not a path ("*", nothing), control characters,
// escapes too deep.
export function readings(path: string): string[] {
  const none: string[] = [];
  path = before(path, "?#");
  const scheme = path.indexOf("://");
  if (scheme >= 0 && !path.startsWith("/")) {
    const slash = path.indexOf("/", scheme + 3);
    path = slash < 0 ? "/" : path.substring(slash);
  }
  if (!path.startsWith("/") || holdsControl(path)) return none;
  const found = [lower(path)];
  for (let round = 0; round <= ROUNDS; ++round) {
    const resolved = tidied(path, true);
    found.push(resolved);
    found.push(resolved + "/");
    if (path.includes("..")) {
      const kept = tidied(path, false);
      found.push(kept);
      found.push(kept + "/");
    }
    const next = unescaped(path);
    if (next == path) return found;
    if (holdsControl(next)) return none;
    path = next;
  }
  return none;
}

// The text up to the first of these characters.
function before(text: string, ends: string): string {
  for (let i = 0; i < text.length; ++i) {
    if (ends.includes(text.charAt(i))) return text.substring(0, i);
  }
  return text;
}

// One round of percent-decoding; what is no escape stays. Two-byte overlong forms of ASCII (C0 AF
// for a slash) become the character that old decoders made of them.
function unescaped(path: string): string {
  const out = new Array<i32>();
  for (let i = 0; i < path.length; ++i) {
    let c = path.charCodeAt(i);
    if (c == 0x25 && i + 2 < path.length) {
      const high = hex(path.charCodeAt(i + 1));
      const low = hex(path.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        c = (high << 4) | low;
        i += 2;
      }
    }
    const last = out.length - 1;
    if (last >= 0 && (out[last] & 0xfe) == 0xc0 && (c & 0xc0) == 0x80) {
      out[last] = ((out[last] & 1) << 6) | (c & 0x3f);
    } else {
      out.push(c);
    }
  }
  return String.fromCharCodes(out);
}

// The value of a hexadecimal digit, or -1.
function hex(c: i32): i32 {
  if (digit(c)) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

// Segments without parameters (";v=1"), empty ones and "." left out, ".." resolved or kept, no
// query, no slash at the end, lower case.
function tidied(path: string, resolve: bool): string {
  const parts = before(path, "?#").replaceAll("\\", "/").split("/");
  const segments = new Array<string>();
  for (let i = 0; i < parts.length; ++i) {
    const segment = before(parts[i], ";");
    if (segment == ".." && resolve) {
      if (segments.length > 0) segments.pop();
    } else if (segment != "" && segment != ".") {
      segments.push("/" + segment);
    }
  }
  return lower(segments.join(""));
}

// The host of an authority: no user, no port, no dot at the end, lower case.
export function host(authority: string): string {
  authority = authority.substring(authority.lastIndexOf("@") + 1);
  const bracket = authority.startsWith("[") ? authority.indexOf("]") : -1;
  return lower(
    withoutDots(bracket < 0 ? before(authority, ":") : authority.substring(0, bracket + 1)),
  );
}

// Without the dots at the end.
export function withoutDots(host: string): string {
  let length = host.length;
  while (length > 0 && host.charAt(length - 1) == ".") --length;
  return host.substring(0, length);
}

// `patterns` as the configuration has them, lower case: "*.example.com", "example.*", "*", or a
// host. No patterns: every host. A request without a host is covered: it could be for any.
export function coversHost(patterns: string[], host: string): bool {
  for (let i = 0; i < patterns.length; ++i) {
    const pattern = patterns[i];
    const covered =
      pattern.startsWith("*") ? host.endsWith(pattern.substring(1))
      : pattern.endsWith("*") ? host.startsWith(pattern.substring(0, pattern.length - 1))
      : host == pattern;
    if (covered) return true;
  }
  return patterns.length == 0 || host == "";
}
