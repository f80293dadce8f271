// Asks the host for a function that no host has.
#include "host.h"

WASM_IMPORT(proxy_no_such_function)(uint32_t);

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t root, size_t) {
  return proxy_no_such_function(root);
}
