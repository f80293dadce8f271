// Refuses every configuration, and says so in the log.
#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t) {
  constexpr char text[] = "refuse: configuration refused, as always";
  proxy_log(wasm::Level::error, text, sizeof text - 1);
  return false;
}
