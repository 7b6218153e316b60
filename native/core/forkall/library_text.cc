#include "library_text.h"

#include <link.h>
#include <pthread.h>
#include <unistd.h>

namespace tsdaemon::forkall {

namespace {

struct Wanted {
  uintptr_t address;
  uintptr_t start, end;  // of the code that it is in
};

int look_in(dl_phdr_info* object, size_t, void* argument) {
  auto& wanted = *static_cast<Wanted*>(argument);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& header = object->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const uintptr_t start = object->dlpi_addr + header.p_vaddr;
    const uintptr_t end = start + header.p_memsz;
    if (wanted.address < start || wanted.address >= end) continue;
    wanted.start = start;
    wanted.end = end;
    return 1;
  }
  return 0;
}

template <typename Function>
Wanted find(Function* function) {
  Wanted wanted{reinterpret_cast<uintptr_t>(function), 0, 0};
  dl_iterate_phdr(look_in, &wanted);
  return wanted;
}

}  // namespace

// By neighbours of the locks, and of all else, that no tool replaces by its own.
LibraryText::LibraryText() {
  const Wanted locks = find(&pthread_rwlockattr_init);
  const Wanted rest = find(&confstr);
  locks_ = {locks.start, locks.end};
  rest_ = {rest.start, rest.end};
}

const LibraryText library_text;

}  // namespace tsdaemon::forkall
