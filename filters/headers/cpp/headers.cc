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

#include "changes.h"
#include "contexts.h"
#include "proxy_wasm.h"

namespace {

wasm::Contexts<changes::Changes> contexts;

}  // namespace

WASM_EXPORT(proxy_on_context_create)
void proxy_on_context_create(uint32_t context, uint32_t parent) {
  contexts.created(context, parent);
}

WASM_EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t context) { contexts.deleted(context); }

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t root, size_t size) {
  changes::Changes read;
  std::string wrong = changes::read(wasm::plugin_configuration(size), read);
  if (!wrong.empty()) {
    wasm::log(wasm::Level::error, "headers: configuration refused: " + wrong);
    return false;
  }
  contexts.configured(root, std::move(read));
  return true;
}

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t context, uint32_t, uint32_t) {
  constexpr auto map = wasm::Map::response_headers;
  const changes::Changes* all = contexts.of(context);
  if (!all) return wasm::go_on;
  bool done = true;
  for (const auto& name : all->removed) wasm::remove_header(map, name);
  for (const auto& [name, value] : all->replaced) {
    done &= wasm::replace_header(map, name, value);
  }
  for (const auto& [name, value] : all->added) done &= wasm::add_header(map, name, value);
  if (!done) wasm::log(wasm::Level::error, "headers: the proxy did not take a header");
  return wasm::go_on;
}
