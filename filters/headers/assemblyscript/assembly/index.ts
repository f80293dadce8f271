// Changes the headers of every response, local replies included.
//
//   {"remove": ["server"], "replace": {"hello": "world"}, "add": {"x-tag": ["a", "b"]}}
//
// remove   the header is gone, all of its values
// replace  the header has exactly this value
// add      the header has this value, or these, besides those that it had
//
// Applied in this order. A configuration that changes nothing is refused like a broken one: nobody
// installs a filter for that, so the configuration got lost on its way. Refused are also unknown
// keys, a name given twice in one operation, names that are no field names, the fields that frame
// a message on its connection, and values that would break out of their line.

import { Contexts } from "../../../shared/assemblyscript/contexts";
import * as host from "../../../shared/assemblyscript/host";
import { Changes, read } from "./changes";

export * from "../../../shared/assemblyscript/abi";

const contexts = new Contexts<Changes>();

export function proxy_on_context_create(context: u32, parent: u32): void {
  contexts.created(context, parent);
}

export function proxy_on_delete(context: u32): void {
  contexts.deleted(context);
}

export function proxy_on_configure(root: u32, size: usize): bool {
  const changes = new Changes();
  const wrong = read(host.pluginConfiguration(size), changes);
  if (wrong != "") {
    host.log(host.Level.error, "headers: configuration refused: " + wrong);
    return false;
  }
  contexts.configured(root, changes);
  return true;
}

export function proxy_on_response_headers(context: u32, count: u32, ends: bool): host.Action {
  const map = host.Headers.response;
  const all = contexts.of(context);
  if (all === null) return host.Action.goOn;
  let done = true;
  for (let i = 0; i < all.removed.length; ++i) host.removeHeader(map, all.removed[i]);
  for (let i = 0; i < all.replaced.length; ++i) {
    if (!host.replaceHeader(map, all.replaced[i])) done = false;
  }
  for (let i = 0; i < all.added.length; ++i) {
    if (!host.addHeader(map, all.added[i])) done = false;
  }
  if (!done) host.log(host.Level.error, "headers: the proxy did not take a header");
  return host.Action.goOn;
}
