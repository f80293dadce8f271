// The host functions of the raw Proxy-Wasm ABI 0.2.1, as far as the filters here use them, with
// strings in and strings out (see bytes.ts).

import { fromBytes, toBytes } from "./bytes";

export const enum Level {
  trace,
  debug,
  info,
  warn,
  error,
  critical,
}
export const enum Headers {
  request = 0,
  response = 2,
}
export const enum Action {
  goOn = 0,
  pause = 1,
}
const PLUGIN_CONFIGURATION = 7;
const OK = 0;

@external("env", "proxy_log")
declare function proxy_log(level: u32, text: usize, size: usize): u32;
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer_bytes(
  which: u32, start: usize, length: usize, data: usize, size: usize,
): u32;
@external("env", "proxy_get_header_map_value")
declare function proxy_get_header_map_value(
  map: u32, name: usize, nameSize: usize, value: usize, size: usize,
): u32;
@external("env", "proxy_get_header_map_pairs")
declare function proxy_get_header_map_pairs(map: u32, data: usize, size: usize): u32;
@external("env", "proxy_add_header_map_value")
declare function proxy_add_header_map_value(
  map: u32, name: usize, nameSize: usize, value: usize, size: usize,
): u32;
@external("env", "proxy_replace_header_map_value")
declare function proxy_replace_header_map_value(
  map: u32, name: usize, nameSize: usize, value: usize, size: usize,
): u32;
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, name: usize, nameSize: usize): u32;
@external("env", "proxy_send_local_response")
declare function proxy_send_local_response(
  status: u32, details: usize, detailsSize: usize, body: usize, bodySize: usize,
  pairs: usize, pairsSize: usize, grpcStatus: u32,
): u32;

// Where the host writes the place and the size of what it hands over.
const RETURNED = memory.data(8);

// Takes over what the host allocated in the module; an empty value may come as a null.
function returned(status: u32): string {
  if (status != OK) return "";
  const data = load<usize>(RETURNED);
  if (data == 0) return "";
  const text = fromBytes(data, load<i32>(RETURNED, 4));
  heap.free(data);
  return text;
}

function start(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

export function log(level: Level, text: string): void {
  const bytes = toBytes(text);
  proxy_log(level, start(bytes), bytes.byteLength);
}

export function pluginConfiguration(size: usize): string {
  if (size == 0) return "";
  return returned(proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, RETURNED, RETURNED + 4));
}

// The value of a header, the first one if there are several; empty if there is none.
export function header(map: Headers, name: string): string {
  const key = toBytes(name);
  return returned(
    proxy_get_header_map_value(map, start(key), key.byteLength, RETURNED, RETURNED + 4),
  );
}

export function headers(map: Headers): Pair[] {
  return unpacked(returned(proxy_get_header_map_pairs(map, RETURNED, RETURNED + 4)));
}

export function addHeader(map: Headers, pair: Pair): bool {
  const key = toBytes(pair.name);
  const value = toBytes(pair.value);
  return (
    proxy_add_header_map_value(map, start(key), key.byteLength, start(value), value.byteLength) ==
    OK
  );
}

export function replaceHeader(map: Headers, pair: Pair): bool {
  const key = toBytes(pair.name);
  const value = toBytes(pair.value);
  return (
    proxy_replace_header_map_value(
      map, start(key), key.byteLength, start(value), value.byteLength,
    ) == OK
  );
}

export function removeHeader(map: Headers, name: string): void {
  const key = toBytes(name);
  proxy_remove_header_map_value(map, start(key), key.byteLength);
}

// Answers a request with an empty body; `details` is what access logs print as the reason.
export function reply(status: u32, details: string, pairs: Pair[], grpcStatus: u32): void {
  const reason = toBytes(details);
  const sent = toBytes(packed(pairs));
  proxy_send_local_response(
    status, start(reason), reason.byteLength, 0, 0, start(sent), sent.byteLength, grpcStatus,
  );
}

export class Pair {
  constructor(
    public name: string,
    public value: string,
  ) {}
}

function number(value: i32): string {
  return String.fromCharCodes([value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]);
}

// How a list of headers crosses the border: the count, all sizes (name, value), then all texts,
// each ended by a zero byte. Numbers are 32 bits, little endian.
export function packed(pairs: Pair[]): string {
  const sizes = [number(pairs.length)];
  const texts = new Array<string>();
  for (let i = 0; i < pairs.length; ++i) {
    sizes.push(number(pairs[i].name.length) + number(pairs[i].value.length));
    texts.push(pairs[i].name + "\0" + pairs[i].value + "\0");
  }
  return sizes.join("") + texts.join("");
}

export function unpacked(data: string): Pair[] {
  const pairs = new Array<Pair>();
  if (data.length < 4) return pairs;
  const count = numberAt(data, 0);
  let at = 4 + 8 * count;
  for (let i = 0; i < count; ++i) {
    const name = at + numberAt(data, 4 + 8 * i);
    const value = name + 1 + numberAt(data, 8 + 8 * i);
    pairs.push(new Pair(data.substring(at, name), data.substring(name + 1, value)));
    at = value + 1;
  }
  return pairs;
}

function numberAt(data: string, at: i32): i32 {
  let value = 0;
  for (let i = 3; i >= 0; --i) value = (value << 8) | data.charCodeAt(at + i);
  return value;
}
