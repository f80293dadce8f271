// The rules of a configuration: what they are and how they are read.
//
// A reader of a lock is strict: whatever would leave a route open that its author thinks closed is
// an error, not a default. Errors name the place and never quote a credential.

import { holdsControl } from "../../../shared/assemblyscript/fields";
import { Kind, Reader, shown, Value } from "../../../shared/assemblyscript/json";
import { readCredential, readHost, readMethod, readPath } from "./elements";
import { Match } from "./places";

export class Rule {
  match: Match = Match.none;
  path: string = ""; // lower case
  hosts: string[] = []; // lower case; none: every host
  methods: string[] = []; // lower case
  credentials: string[] = []; // "user:password"
}

export class Rules {
  challenge: string = challenge("istio");
  rules: Rule[] = [];
}

// Every function below returns where and what is wrong, or an empty text.

export function read(text: string, out: Rules): string {
  if (text == "") return "there is none, so nothing would be protected";
  const reader = new Reader(text);
  const document = reader.read();
  if (document === null) return "not valid JSON: " + reader.error;
  if (!document.is(Kind.object)) return expected("an object", document);
  for (let i = 0; i < document.keys.length; ++i) {
    const key = document.keys[i];
    const value = document.items[i];
    let wrong = "";
    if (key == "realm") {
      wrong = readRealm(value, out);
    } else if (key == "basic_auth_rules") {
      wrong = readRules(value, out);
    } else {
      return `the unknown key ${shown(key)}; known are basic_auth_rules and realm`;
    }
    if (wrong != "") return at(key, wrong);
  }
  if (out.rules.length > 0) return "";
  return "there are no basic_auth_rules, so nothing would be protected";
}

function readRealm(value: Value, out: Rules): string {
  if (!value.is(Kind.string)) return expected("a string", value);
  if (holdsControl(value.text)) return "holds a control character";
  out.challenge = challenge(value.text);
  return "";
}

// A quoted string, as RFC 7617 section 2 wants the realm: '"' and '\' are escaped.
function challenge(realm: string): string {
  return `Basic realm="${realm.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function readRules(value: Value, out: Rules): string {
  if (!value.is(Kind.array)) return expected("a list of rules", value);
  for (let i = 0; i < value.items.length; ++i) {
    const rule = new Rule();
    const wrong = readRule(value.items[i], rule);
    if (wrong != "") return at(`[${i}]`, wrong);
    out.rules.push(rule);
  }
  return "";
}

function readRule(value: Value, rule: Rule): string {
  if (!value.is(Kind.object)) return expected("an object", value);
  for (let i = 0; i < value.keys.length; ++i) {
    const key = value.keys[i];
    const member = value.items[i];
    let wrong = "";
    if (key == "prefix") {
      wrong = readMatch(Match.prefix, member, rule);
    } else if (key == "exact") {
      wrong = readMatch(Match.exact, member, rule);
    } else if (key == "suffix") {
      wrong = readMatch(Match.suffix, member, rule);
    } else if (key == "hosts") {
      wrong = readList(member, rule.hosts, readHost);
    } else if (key == "request_methods") {
      wrong = readSome(member, rule.methods, readMethod);
    } else if (key == "credentials") {
      wrong = readSome(member, rule.credentials, readCredential);
    } else {
      const known = "prefix, exact, suffix, hosts, request_methods, credentials";
      return `has the unknown key ${shown(key)}; known are ${known}`;
    }
    if (wrong != "") return "." + at(key, wrong);
  }
  if (rule.match == Match.none) return "has no prefix, exact or suffix";
  if (rule.methods.length == 0) return "has no request_methods";
  return rule.credentials.length == 0 ? "has no credentials" : "";
}

function readMatch(match: Match, value: Value, rule: Rule): string {
  if (rule.match != Match.none) return "is one path too many";
  if (!value.is(Kind.string)) return expected("a string", value);
  rule.match = match;
  const path = new Array<string>();
  const wrong = readPath(match, value.text, path);
  if (wrong == "") rule.path = path[0];
  return wrong;
}

// A list of strings, each taken over by `read`.
function readList(
  value: Value, out: string[], read: (text: string, out: string[]) => string,
): string {
  if (!value.is(Kind.array)) return expected("a list of strings", value);
  for (let i = 0; i < value.items.length; ++i) {
    const item = value.items[i];
    const wrong = item.is(Kind.string) ? read(item.text, out) : expected("a string", item);
    if (wrong != "") return at(`[${i}]`, wrong);
  }
  return "";
}

// A list that must not be empty.
function readSome(
  value: Value, out: string[], read: (text: string, out: string[]) => string,
): string {
  const wrong = readList(value, out, read);
  return wrong == "" && out.length == 0 ? "is empty" : wrong;
}

// "realm" + "must be a string", "credentials" + "[0] is empty", "rules[0]" + ".prefix is empty".
function at(place: string, wrong: string): string {
  const deeper = wrong.startsWith("[") || wrong.startsWith(".");
  return place + (deeper ? "" : " ") + wrong;
}

function expected(what: string, value: Value): string {
  return `must be ${what}, is ${value.name}`;
}
