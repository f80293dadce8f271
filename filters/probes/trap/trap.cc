// Loads and is configured, and traps on every request.
#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

WASM_EXPORT(proxy_on_request_headers)
uint32_t proxy_on_request_headers(uint32_t, uint32_t, uint32_t) { __builtin_trap(); }
