#pragma once

#include <cstddef>

namespace tsdaemon::forkall {

inline constexpr size_t decimal_size = 12;

/// Writes `number` in decimal, without an end; returns where it ends. printf(3) may take locks.
inline char* write_decimal(char* out, unsigned number) {
  char reversed[decimal_size];
  size_t length = 0;
  do reversed[length++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (length > 0) *out++ = reversed[--length];
  return out;
}

}  // namespace tsdaemon::forkall
