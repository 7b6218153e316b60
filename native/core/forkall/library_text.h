#pragma once

#include <cstdint>

namespace tsdaemon::forkall {

/// The code of the C library's locks and signals: where a thread may have the id of a thread in a
/// register, on its way to or from memory. Before glibc 2.34 there is some of it in libpthread and
/// some in libc; raise(3) is in both.
class LibraryText {
 public:
  /// Found when this library is loaded: later, another thread may be walking the loaded objects,
  /// and wait for us there.
  LibraryText();

  bool is_known() const { return locks_.end != 0 && rest_.end != 0; }
  bool holds(uintptr_t instruction) const {
    return locks_.holds(instruction) || rest_.holds(instruction);
  }

 private:
  struct Text {
    uintptr_t start, end;

    bool holds(uintptr_t address) const { return address >= start && address < end; }
  };

  Text locks_, rest_;
};

extern const LibraryText library_text;

}  // namespace tsdaemon::forkall
