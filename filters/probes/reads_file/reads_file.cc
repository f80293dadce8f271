// Tells in response headers which files of the machine it can open: by the C library, and by the
// host's own path_open on every descriptor that a host could have opened for it.
#include <stdio.h>
#include <wasi/api.h>

#include "proxy_wasm.h"

WASM_EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) {
  std::string opened;
  for (const char* path : {"/etc/passwd", "/proc/self/environ", "."}) {
    if (FILE* file = fopen(path, "r")) {
      fclose(file);
      opened += path + std::string(" ");
    }
  }
  for (__wasi_fd_t folder = 0; folder < 16; ++folder) {
    __wasi_fd_t file = 0;
    if (__wasi_path_open(folder, 0, "etc/passwd", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file) == 0) {
      opened += "descriptor " + std::to_string(folder) + " ";
    }
  }
  wasm::replace_header(wasm::Map::response_headers, "x-opened", opened.empty() ? "none" : opened);
  return wasm::go_on;
}
