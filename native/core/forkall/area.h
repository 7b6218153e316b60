#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "syscalls.h"

namespace tsdaemon::forkall {

struct Range {
  uintptr_t start, end;
  bool swapped;  // has pages in the swap
};

/// A mapping of a process, as the kernel lists it.
struct Area {
  Range range;
  bool readable_writable_private;
  bool anonymous;   // of no file
  bool written;     // has pages that are not a file's
  bool has_key;     // memory protection key: reading it may fault
  bool unforkable;  // MADV_DONTFORK
  bool complete;    // its last line was read

  /// Takes up the next line of proc_pid_smaps(5).
  void take_line(const char* line);

  /// Takes up a line of proc_pid_maps(5), which tells nothing of pages and flags.
  void take_header(const char* line);
};

inline constexpr size_t area_text_size = 256 * 1024;

/// Calls `visit(area)` for each mapping in a file of proc_pid_smaps(5) or, if it is `brief`, of
/// proc_pid_maps(5), by way of `area_text_size` bytes of `text`; it returns 0 or an errno, as this
/// does.
template <typename Visit>
int each_area(int file, bool brief, char* text, Visit visit) {
  Area area{};
  size_t held = 0;
  for (;;) {
    const long length = raw::read(file, text + held, area_text_size - held);
    if (length < 0) return static_cast<int>(-length);
    if (length == 0) return 0;
    held += static_cast<size_t>(length);

    char* line = text;
    for (char* end;
         (end = static_cast<char*>(memchr(line, '\n', held - static_cast<size_t>(line - text)))) !=
         nullptr;
         line = end + 1) {
      *end = '\0';
      if (brief)
        area.take_header(line);
      else
        area.take_line(line);
      if (!area.complete) continue;
      if (const int error = visit(area)) return error;
      area.complete = false;
    }
    held -= static_cast<size_t>(line - text);
    memmove(text, line, held);
    if (held == area_text_size) return EOVERFLOW;
  }
}

}  // namespace tsdaemon::forkall
