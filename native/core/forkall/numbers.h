#pragma once

#include <cstddef>
#include <cstdint>

// Numbers as text, without the C library: printf(3) may take locks.
namespace tsdaemon::forkall {

inline constexpr size_t decimal_size = 12;

/// Writes `number` in decimal, without an end; returns where it ends.
inline char* write_decimal(char* out, unsigned number) {
  char reversed[decimal_size];
  size_t length = 0;
  do reversed[length++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (length > 0) *out++ = reversed[--length];
  return out;
}

/// 0 if there is no digit.
inline unsigned read_decimal(const char* text) {
  unsigned number = 0;
  for (; *text >= '0' && *text <= '9'; ++text)
    number = number * 10 + static_cast<unsigned>(*text - '0');
  return number;
}

/// Leaves `text` behind the last digit; 0 if there is none.
inline uint64_t read_hexadecimal(const char** text) {
  uint64_t number = 0;
  for (;; ++*text) {
    const char c = **text;
    if (c >= '0' && c <= '9')
      number = number * 16 + static_cast<uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      number = number * 16 + static_cast<uint64_t>(c - 'a' + 10);
    else
      return number;
  }
}

}  // namespace tsdaemon::forkall
