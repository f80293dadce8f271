// Keeps some memory for ever, so that a leak can be seen to be found.
//
//   "REQUEST CONFIGURATION": so many bytes in each request, and with each configuration.
#include "proxy_wasm.h"

static size_t in_request;
// What nobody looks at, a compiler does not allocate.
static void* volatile kept;

static void keep(size_t bytes) {
  if (!bytes) return;
  kept = malloc(bytes);
  memset(kept, 1, bytes);
}

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t size) {
  std::string told = wasm::plugin_configuration(size);
  char* rest = nullptr;
  in_request = strtoul(told.c_str(), &rest, 10);
  keep(strtoul(rest, nullptr, 10));
  return true;
}

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) {
  keep(in_request);
  return wasm::go_on;
}
