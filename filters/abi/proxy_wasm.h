// The host functions as C++ calls: strings in, owned strings out. Include it in one file of a
// filter only: it also exports what every module must export.
#pragma once

#include <string.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host.h"

WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

namespace wasm {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline void log(Level level, std::string_view text) {
  proxy_log(level, text.data(), text.size());
}

// Takes over memory that the host allocated in the module; an empty value may come as a null.
inline std::string owned(char* data, size_t size) {
  std::string copy = data ? std::string(data, size) : std::string();
  free(data);
  return copy;
}

inline std::string plugin_configuration(size_t size) {
  char* data = nullptr;
  size_t length = 0;
  if (size == 0 ||
      proxy_get_buffer_bytes(Buffer::plugin_configuration, 0, size, &data, &length) != ok) {
    return {};
  }
  return owned(data, length);
}

// The value of a header, the first one if there are several; nothing if there is none.
inline std::optional<std::string> header(Map map, std::string_view name) {
  char* data = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_value(map, name.data(), name.size(), &data, &size) != ok) {
    return std::nullopt;
  }
  return owned(data, size);
}

inline bool add_header(Map map, std::string_view name, std::string_view value) {
  return proxy_add_header_map_value(map, name.data(), name.size(), value.data(), value.size()) ==
         ok;
}

inline bool replace_header(Map map, std::string_view name, std::string_view value) {
  return proxy_replace_header_map_value(map, name.data(), name.size(), value.data(),
                                        value.size()) == ok;
}

inline bool remove_header(Map map, std::string_view name) {
  return proxy_remove_header_map_value(map, name.data(), name.size()) == ok;
}

// How a list of headers crosses the border: the count, all sizes (name, value), then all texts,
// each ended by a zero byte. Numbers are 32 bits, little endian.
inline std::string packed(const Pairs& pairs) {
  std::string out;
  auto number = [&out](size_t value) {
    uint32_t word = static_cast<uint32_t>(value);
    out.append(reinterpret_cast<const char*>(&word), sizeof word);
  };
  number(pairs.size());
  for (const auto& [name, value] : pairs) {
    number(name.size());
    number(value.size());
  }
  for (const auto& [name, value] : pairs) {
    out.append(name).push_back('\0');
    out.append(value).push_back('\0');
  }
  return out;
}

inline Pairs unpacked(std::string_view data) {
  size_t at = 0;
  auto number = [&data, &at]() -> size_t {
    uint32_t word = 0;
    if (data.size() - at < sizeof word) return 0;
    memcpy(&word, data.data() + at, sizeof word);
    at += sizeof word;
    return word;
  };
  std::vector<std::pair<size_t, size_t>> sizes;
  for (size_t left = number(); left > 0 && at < data.size(); --left) {
    size_t name = number();
    sizes.emplace_back(name, number());
  }
  Pairs pairs;
  for (auto [name, value] : sizes) {
    if (name > data.size() - at || value > data.size() - at - name) break;
    pairs.emplace_back(data.substr(at, name), data.substr(at + name + 1, value));
    at += name + 1 + value + 1;
  }
  return pairs;
}

inline Pairs headers(Map map) {
  char* data = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_pairs(map, &data, &size) != ok) return {};
  return unpacked(owned(data, size));
}

inline bool send_local_response(uint32_t status, std::string_view details, std::string_view body,
                                const Pairs& headers, uint32_t grpc_status) {
  std::string pairs = packed(headers);
  return proxy_send_local_response(status, details.data(), details.size(), body.data(),
                                   body.size(), pairs.data(), pairs.size(), grpc_status) == ok;
}

}  // namespace wasm
