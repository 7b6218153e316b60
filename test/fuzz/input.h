#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tsdaemon::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// As a file ends that is read to its end, and as a C string does.
inline std::string c_string_of(const uint8_t* data, size_t size) {
  return std::string(std::string(text_of(data, size)).c_str());
}

inline void require(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

}  // namespace tsdaemon::fuzz
