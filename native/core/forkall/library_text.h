#pragma once

#include <cstdint>

namespace tsdaemon::forkall {

/// The code of the C library's locks and signals: where a thread may have the id of a thread in a
/// register, on its way to or from memory.
struct LibraryText {
  uintptr_t start, end;

  bool holds(uintptr_t instruction) const { return instruction >= start && instruction < end; }
};

/// Found when this library is loaded: later, another thread may be walking the loaded objects, and
/// wait for us there.
extern const LibraryText library_text;

}  // namespace tsdaemon::forkall
