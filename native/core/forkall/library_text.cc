#include "library_text.h"

#include <link.h>
#include <pthread.h>

namespace tsdaemon::forkall {

namespace {

int look_in(dl_phdr_info* object, size_t, void* argument) {
  // Beside the locks, whichever library they are in; they themselves may be replaced by a tool's.
  const auto wanted = reinterpret_cast<uintptr_t>(&pthread_rwlockattr_init);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& header = object->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const uintptr_t start = object->dlpi_addr + header.p_vaddr;
    const uintptr_t end = start + header.p_memsz;
    if (wanted < start || wanted >= end) continue;
    *static_cast<LibraryText*>(argument) = {start, end};
    return 1;
  }
  return 0;
}

LibraryText find() {
  LibraryText text{};
  dl_iterate_phdr(look_in, &text);
  return text;
}

}  // namespace

const LibraryText library_text = find();

}  // namespace tsdaemon::forkall
