// The changes that a configuration asks for, and how they are read; see index.ts.

import { control, lower, token } from "../../../shared/assemblyscript/fields";
import { Pair } from "../../../shared/assemblyscript/host";
import { Kind, Reader, shown, Value } from "../../../shared/assemblyscript/json";

export class Changes {
  removed: string[] = [];
  replaced: Pair[] = [];
  added: Pair[] = [];

  get empty(): bool {
    return this.removed.length + this.replaced.length + this.added.length == 0;
  }
}

// Every function below returns what is wrong, or an empty text.

export function read(text: string, changes: Changes): string {
  if (text == "") return "there is none; give at least one of add, replace, remove";
  const reader = new Reader(text);
  const document = reader.read();
  if (document === null) return "not valid JSON: " + reader.error;
  if (!document.is(Kind.object)) return "must be an object, is " + document.name;
  for (let i = 0; i < document.keys.length; ++i) {
    const key = document.keys[i];
    const value = document.items[i];
    let wrong = "";
    if (key == "remove") {
      wrong = readNames(value, changes.removed);
    } else if (key == "replace") {
      wrong = readPairs(value, false, changes.replaced);
    } else if (key == "add") {
      wrong = readPairs(value, true, changes.added);
    } else {
      return `the unknown key ${shown(key)}; known are add, replace, remove`;
    }
    if (wrong != "") return `${key} names ${wrong}`;
  }
  return changes.empty ? "it changes no header" : "";
}

function readNames(list: Value, names: string[]): string {
  if (!list.is(Kind.array)) return "no list of header names";
  for (let i = 0; i < list.items.length; ++i) {
    const item = list.items[i];
    if (!item.is(Kind.string)) return "a header name that is not a string";
    const wrong = wrongName(item.text, names);
    if (wrong != "") return wrong;
    names.push(lower(item.text));
  }
  return "";
}

function readPairs(object: Value, several: bool, pairs: Pair[]): string {
  if (!object.is(Kind.object)) return "no object of header names and values";
  const names = new Array<string>();
  for (let i = 0; i < object.keys.length; ++i) {
    const wrong = wrongName(object.keys[i], names);
    if (wrong != "") return wrong;
    const name = lower(object.keys[i]);
    names.push(name);
    const value = object.items[i];
    const list = several && value.is(Kind.array);
    if (list && value.items.length == 0) return `"${name}" with an empty list of values`;
    const values = list ? value.items : [value];
    for (let j = 0; j < values.length; ++j) {
      const wrong = wrongValue(values[j]);
      if (wrong != "") return `"${name}" with ${wrong}`;
      pairs.push(new Pair(name, values[j].text));
    }
  }
  return "";
}

const FRAMING = [
  "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade",
];

function wrongName(text: string, others: string[]): string {
  const name = lower(text);
  if (text == "") return "an empty header name";
  if (text.startsWith(":")) return "a pseudo-header; it is not a header field";
  if (!token(text)) return "a header name with a character that names cannot have";
  if (FRAMING.includes(name)) return `"${name}", which frames the message and is the proxy's own`;
  return others.includes(name) ? `"${name}" twice` : "";
}

function wrongValue(value: Value): string {
  if (!value.is(Kind.string)) return `a value that is ${value.name}, not a string`;
  const text = value.text;
  for (let i = 0; i < text.length; ++i) {
    const c = text.charCodeAt(i);
    if (control(c) && c != 0x09) return "a value with a control character";
  }
  const last = text.length - 1;
  return blank(text, 0) || blank(text, last) ? "a value with white space around it" : "";
}

function blank(text: string, at: i32): bool {
  const c = text.charAt(at);
  return c == " " || c == "\t";
}
