// The elements of a rule. Every function adds to `out` what a text stands for, and returns what is
// wrong with it, or an empty text.

import { holdsControl, lower, token } from "../../../shared/assemblyscript/fields";
import { decoded, Padding } from "./base64";
import { Match, withoutDots } from "./places";

export function readPath(match: Match, text: string, out: string[]): string {
  if (text == "") return "is empty";
  if (match != Match.suffix && !text.startsWith("/")) return "must begin with '/'";
  if (holdsAny(text, "?#")) return "has a '?' or '#'; rules are about the path in front of it";
  if (holdsAny(text, "%\\;") || holdsControl(text)) {
    return "has a character ('%', '\\', ';', control) that paths are compared without";
  }
  const closed = text.endsWith("/") ? text : text + "/";
  if (closed.includes("//") || closed.includes("/./") || closed.includes("/../")) {
    return "has an empty segment, '.' or '..', which paths are compared without";
  }
  out.push(lower(text));
  return "";
}

// A method is compared without regard to case, but written as methods are: "get" is a mistake
// that other filters take for another method.
export function readMethod(text: string, out: string[]): string {
  if (!token(text) || holdsAny(text, "abcdefghijklmnopqrstuvwxyz*")) {
    return "is no method; methods are tokens in upper case, there is no wildcard";
  }
  out.push(lower(text));
  if (text == "GET") out.push("head"); // whoever may not read may not ask for the size
  return "";
}

export function readCredential(text: string, out: string[]): string {
  if (text == "") return "is empty";
  const plain = text.includes(":") ? text : decoded(text, Padding.optional);
  if (plain === null) return "is neither user:password nor base64 of it";
  const colon = plain.indexOf(":");
  if (colon < 0) return "is base64 of something without a colon";
  if (colon == 0) return "has an empty user name";
  if (colon == plain.length - 1) return "has an empty password";
  if (holdsControl(plain)) return "holds a control character, perhaps a line end";
  out.push(plain);
  return "";
}

export function readHost(text: string, out: string[]): string {
  if (text == "") return "is empty";
  if (holdsAny(text, "/@?# ") || holdsControl(text)) return "is no host";
  const star = text.indexOf("*");
  const inside = star > 0 && star < text.length - 1;
  if (inside || text.lastIndexOf("*") != star) {
    return "has a '*' that is neither the first nor the last character, or more than one";
  }
  const host = star <= 0 ? withoutDots(lower(text)) : lower(text);
  const bracketed = host.startsWith("[") && host.endsWith("]");
  if (host.includes(":") && !bracketed) {
    return "has a port, or is an IPv6 address without brackets";
  }
  if (host == "") return "is no host";
  out.push(host);
  return "";
}

function holdsAny(text: string, characters: string): bool {
  for (let i = 0; i < text.length; ++i) {
    if (characters.includes(text.charAt(i))) return true;
  }
  return false;
}
