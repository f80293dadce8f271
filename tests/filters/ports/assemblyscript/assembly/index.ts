// Runs the parts of the AssemblyScript filters that need no request; what can be asked:
// ../../../harness/harness.cc.

import { decoded, Padding } from "../../../../../filters/basic_auth/assemblyscript/assembly/base64";
import * as places from "../../../../../filters/basic_auth/assemblyscript/assembly/places";
import * as rules from "../../../../../filters/basic_auth/assemblyscript/assembly/rules";
import * as changes from "../../../../../filters/headers/assemblyscript/assembly/changes";
import { toBytes } from "../../../../../filters/shared/assemblyscript/bytes";
import * as host from "../../../../../filters/shared/assemblyscript/host";
import { Kind, Reader, Value } from "../../../../../filters/shared/assemblyscript/json";

export * from "../../../../../filters/shared/assemblyscript/abi";

export function proxy_on_context_create(context: u32, parent: u32): void {}

export function proxy_on_configure(root: u32, size: usize): bool {
  const lines = host.pluginConfiguration(size).split("\n");
  for (let i = 0; i < lines.length; ++i) {
    const question = lines[i].split(" ").map<string>((word) => fromHex(word));
    host.log(host.Level.error, `answer ${i} ${toHex(answer(question))} .`);
  }
  return true;
}

const DIGITS = "0123456789abcdef";

function fromHex(text: string): string {
  const codes = new Array<i32>();
  for (let i = 0; i + 1 < text.length; i += 2) {
    codes.push(DIGITS.indexOf(text.charAt(i)) * 16 + DIGITS.indexOf(text.charAt(i + 1)));
  }
  return String.fromCharCodes(codes);
}

function toHex(text: string): string {
  const bytes = Uint8Array.wrap(toBytes(text));
  const out = new Array<string>();
  for (let i = 0; i < bytes.length; ++i) {
    out.push(DIGITS.charAt(bytes[i] >> 4) + DIGITS.charAt(bytes[i] & 15));
  }
  return out.join("");
}

function answer(q: string[]): string {
  if (q[0] == "json") {
    const reader = new Reader(q[1]);
    const value = reader.read();
    return value === null ? "! " + reader.error : shown(value);
  }
  if (q[0] == "base64") {
    const plain = decoded(q[1], q[2] == "required" ? Padding.required : Padding.optional);
    return plain === null ? "!" : `<${plain}>`;
  }
  if (q[0] == "covers") {
    const match =
      q[1] == "prefix" ? places.Match.prefix
      : q[1] == "exact" ? places.Match.exact
      : places.Match.suffix;
    return places.coversPath(match, q[2], places.readings(q[3])) ? "covered" : "open";
  }
  if (q[0] == "host") {
    return places.coversHost([q[1]], places.host(q[2])) ? "covered" : "open";
  }
  if (q[0] == "rules") {
    const all = new rules.Rules();
    const wrong = rules.read(q[1], all);
    return wrong == "" ? "accepted " + all.challenge : wrong;
  }
  if (q[0] == "changes") {
    const wrong = changes.read(q[1], new changes.Changes());
    return wrong == "" ? "accepted" : wrong;
  }
  if (q[0] == "pairs") {
    const pairs = new Array<host.Pair>();
    for (let i = 1; i + 1 < q.length; i += 2) pairs.push(new host.Pair(q[i], q[i + 1]));
    return shownPairs(host.unpacked(host.packed(pairs))) == shownPairs(pairs) ? "same" : "different";
  }
  return "? " + q[0];
}

function shown(value: Value): string {
  let out = "";
  if (value.is(Kind.string)) return `<${value.text}>`;
  if (value.is(Kind.array)) {
    for (let i = 0; i < value.items.length; ++i) out += shown(value.items[i]) + ",";
    return `[${out}]`;
  }
  if (value.is(Kind.object)) {
    for (let i = 0; i < value.keys.length; ++i) {
      out += `<${value.keys[i]}>:${shown(value.items[i])},`;
    }
    return `{${out}}`;
  }
  return value.text;
}

function shownPairs(pairs: host.Pair[]): string {
  let out = "";
  for (let i = 0; i < pairs.length; ++i) out += `${pairs[i].name.length} ${pairs[i].name} ${pairs[i].value}`;
  return out;
}
