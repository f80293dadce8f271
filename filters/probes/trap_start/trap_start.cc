// Traps while it is loaded, in _initialize.
#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

__attribute__((constructor)) static void at_start() { __builtin_trap(); }
