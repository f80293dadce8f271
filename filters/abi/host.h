// The raw Proxy-Wasm ABI 0.2.1, as far as the filters here use it: host functions, numbers, and the
// two exports without which no host loads a module. Nothing but C, so that probes stay tiny.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define WASM_IMPORT(name) \
  extern "C" __attribute__((import_module("env"), import_name(#name))) uint32_t name
#define WASM_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace wasm {

enum class Level : uint32_t { trace, debug, info, warn, error, critical };
enum class Map : uint32_t { request_headers = 0, response_headers = 2 };
enum class Buffer : uint32_t { plugin_configuration = 7 };
enum Action : uint32_t { go_on = 0, pause = 1 };
constexpr uint32_t ok = 0;

}  // namespace wasm

WASM_IMPORT(proxy_log)(wasm::Level level, const char* text, size_t size);
WASM_IMPORT(proxy_get_buffer_bytes)
(wasm::Buffer which, size_t start, size_t length, char** data, size_t* size);
WASM_IMPORT(proxy_get_header_map_value)
(wasm::Map map, const char* key, size_t key_size, char** value, size_t* size);
WASM_IMPORT(proxy_get_header_map_pairs)(wasm::Map map, char** data, size_t* size);
WASM_IMPORT(proxy_add_header_map_value)
(wasm::Map map, const char* key, size_t key_size, const char* value, size_t size);
WASM_IMPORT(proxy_replace_header_map_value)
(wasm::Map map, const char* key, size_t key_size, const char* value, size_t size);
WASM_IMPORT(proxy_remove_header_map_value)(wasm::Map map, const char* key, size_t key_size);
WASM_IMPORT(proxy_send_local_response)
(uint32_t status, const char* details, size_t details_size, const char* body, size_t body_size,
 const char* pairs, size_t pairs_size, uint32_t grpc_status);

// The host allocates here what it hands over; the receiver frees it.
WASM_EXPORT(proxy_on_memory_allocate) void* proxy_on_memory_allocate(size_t size) {
  return malloc(size);
}
