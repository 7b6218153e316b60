#pragma once

#include <cstddef>
#include <cstdint>

#include "mappings.h"
#include "threads.h"
#include "workspace.h"

namespace tsdaemon::forkall {

/// The locks that know their holder by its thread id. The ids change at the fork: a Worker within a
/// garbage collection would wait for ever for a mutex that it holds itself.
class LockOwners {
 public:
  LockOwners() = default;
  LockOwners(const LockOwners&) = delete;
  LockOwners& operator=(const LockOwners&) = delete;

  /// Before the freeze: memory, and a check that locks look as we think. Returns 0 or an errno.
  int prepare();

  /// In the frozen launcher: finds the words that hold the id of a thread. Returns 0 or an errno.
  int find(const Mappings& mappings, const Threads& threads);

  /// In the daemon: writes the new ids.
  void mend(const Threads& threads);

 private:
  /// Bytes of the process, where they are or copied.
  struct View {
    uintptr_t bytes, address;
    size_t size;
  };

  template <typename Passed>
  int search_copy(uintptr_t start, uintptr_t end, Passed is_passed);
  template <typename Passed>
  void search(const View& view, Passed is_passed);
  void take(const View& view, size_t offset);
  void keep(uintptr_t address);
  bool is_thread(uint32_t id) const;

  Workspace workspace_;
  uintptr_t page_size_ = 0;
  char* copy_ = nullptr;
  uint32_t** words_ = nullptr;
  size_t count_ = 0;
  size_t capacity_ = 0;
  uint32_t* ids_ = nullptr;
  size_t id_count_ = 0;
  size_t id_capacity_ = 0;
  uint32_t lowest_ = 0;
  uint32_t span_ = 0;
};

/// True if a lock that this thread holds looks as `lock_layout.h` says.
bool lock_layout_is_known();

}  // namespace tsdaemon::forkall
