// Calls the address that it is configured with, and tells in a response header what became of it.
#include "proxy_wasm.h"

WASM_IMPORT(proxy_http_call)
(const char* cluster, size_t cluster_size, const char* headers, size_t headers_size,
 const char* body, size_t body_size, const char* trailers, size_t trailers_size,
 uint32_t milliseconds, uint32_t* token);

static std::string address;

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t, size_t size) {
  address = wasm::plugin_configuration(size);
  return true;
}

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) {
  std::string headers =
      wasm::packed({{":method", "GET"}, {":path", "/"}, {":authority", address}});
  uint32_t token = 0;
  uint32_t status = proxy_http_call(address.data(), address.size(), headers.data(),
                                    headers.size(), "", 0, "", 0, 1000, &token);
  wasm::replace_header(wasm::Map::response_headers, "x-called", std::to_string(status));
  return wasm::go_on;
}
