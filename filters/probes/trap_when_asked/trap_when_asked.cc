// Lets every request pass, and traps on one that carries the header x-trap.
#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

WASM_EXPORT(proxy_on_request_headers)
uint32_t proxy_on_request_headers(uint32_t, uint32_t, uint32_t) {
  constexpr char name[] = "x-trap";
  char* value = nullptr;
  size_t size = 0;
  proxy_get_header_map_value(wasm::Map::request_headers, name, sizeof name - 1, &value, &size);
  // A header that is not there is given as an empty one by some hosts.
  const bool asked = value != nullptr && size > 0;
  free(value);
  if (asked) __builtin_trap();
  return wasm::go_on;
}
