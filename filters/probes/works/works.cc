// Works as long as it is told to in each request, so that a stopwatch can be seen to tell the time.
//
//   "WORK EVERY MORE": WORK steps in each request, and MORE on top in every EVERYth one.
//
// The answer carries x-measured, as a sign that the work was done.
#include "proxy_wasm.h"

static unsigned work, every, more, requests;
static volatile uint32_t result;

// Steps that depend on each other: nothing can be left out or done at once.
static uint32_t steps(uint32_t state, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
  }
  return state;
}

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t size) {
  std::string told = wasm::plugin_configuration(size);
  const char* at = told.c_str();
  char* end = nullptr;
  for (unsigned* number : {&work, &every, &more}) {
    *number = strtoul(at, &end, 10);
    if (end == at) return false;
    at = end;
  }
  return true;
}

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t context, uint32_t, uint32_t) {
  bool slow = every != 0 && ++requests % every == 0;
  result = steps(context + 1, work + (slow ? more : 0));
  wasm::replace_header(wasm::Map::response_headers, "x-measured", "yes");
  return wasm::go_on;
}
