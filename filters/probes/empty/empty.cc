// Does nothing: what a filter costs that is not there.
#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}
