// Tells in a response header how many environment variables it sees, and which PATH.
#include <stdlib.h>
#include <unistd.h>

#include "proxy_wasm.h"

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) {
  int count = 0;
  while (environ && environ[count]) ++count;
  const char* path = getenv("PATH");
  constexpr auto map = wasm::Map::response_headers;
  wasm::replace_header(map, "x-variables", std::to_string(count));
  wasm::replace_header(map, "x-path", path ? path : "none");
  return wasm::go_on;
}
