// Keeps some memory for ever: so many bytes in each request, as its configuration says.
#include "proxy_wasm.h"

static size_t bytes;

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t size) {
  bytes = strtoul(wasm::plugin_configuration(size).c_str(), nullptr, 10);
  return true;
}

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) {
  if (bytes) memset(malloc(bytes), 1, bytes);
  return wasm::go_on;
}
