#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "library_text.h"
#include "syscalls.h"

// musl does not tell its name. Whatever C library this is: unless its locks look like this when
// they are tried, nothing is forked.
namespace tsdaemon::forkall {

inline constexpr uintptr_t id_stride = 4;
// The bits above an id say that others wait.
inline constexpr uint32_t id_mask = futex_tid_mask;
// A FILE and the list of threads have the id in their futex; who waits for one stores its id later.
// The list's own word is left alone: a thread that ends holds it until the kernel clears it, and
// who joins that thread takes any other value for the end, and unmaps the stack (seen: 1 start in
// 150).
inline constexpr bool only_mutexes_hold_ids = false;

// pthread_mutex_t on a 64-bit architecture, since musl 1.1: each mutex that knows its holder is in
// the holder's list while it is held.
struct MutexLayout {
  uint32_t kind;
  uint32_t lock;
  uint32_t waiters;
  uint32_t pads[2];
  int32_t count;
  uint64_t previous, next;

  static constexpr uintptr_t lock_offset = 4, id_offset = 4;

  uint32_t holder() const { return lock & futex_tid_mask; }

  bool is_held_by_id() const {
    return knows_holder() && holder() != 0 && is_link(previous) && is_link(next);
  }

  // The link to a mutex comes from the one before it in the holder's list. Without this, some
  // daemons ended at an assertion of malloc(3), all with ids near 5,000: 5 starts in about 70,000.
  bool is_in_list(uintptr_t address) const {
    uint64_t link = 0;
    return raw::read_memory(previous, &link, sizeof(link)) == sizeof(link) &&
           link == address + offsetof(MutexLayout, next);
  }

  // It is the only one.
  bool lock_word_holds_id() const { return false; }

  bool knows_holder() const {
    return (kind & ~known) == 0 && (kind & knowing) != 0 && (kind & type_mask) <= error_checking &&
           waiters <= max_waiters && pads[0] == 0 && pads[1] == 0 && count >= -1 &&
           count <= max_count;
  }

 private:
  static constexpr uint32_t type_mask = 3, error_checking = 2, robust = 4, inherit = 8,
                            shared = 128;
  static constexpr uint32_t known = type_mask | robust | inherit | shared;
  static constexpr uint32_t knowing = type_mask | robust | inherit;
  static constexpr uint32_t max_waiters = 1 << 20;
  static constexpr int32_t max_count = 1 << 30;

  static bool is_link(uint64_t link) { return link != 0 && link % alignof(uint64_t) == 0; }
};

// FILE. The id is compared by each function of stdio(3), so that a holder may call the next.
struct FileLayout {
  uint32_t flags;
  uint64_t read_position, read_end, close, write_end, write_position, zero, write_base;
  uint64_t read, write, seek, buffer, buffer_size, previous, next;
  int32_t descriptor, process;
  int64_t lock_count;
  int32_t mode;
  uint32_t lock;

  static constexpr uintptr_t id_offset = 140;

  uint32_t holder() const { return lock & futex_tid_mask; }

  bool is_held_by_id() const {
    return holder() != 0 && zero == 0 && library_text.holds(close) && library_text.holds(seek) &&
           (read == 0 || library_text.holds(read)) && (write == 0 || library_text.holds(write)) &&
           mode >= -1 && mode <= 1;
  }
};
static_assert(sizeof(FileLayout) == FileLayout::id_offset + sizeof(uint32_t));

using OtherLockLayout = FileLayout;

/// Calls `look(address)` while the calling thread holds such a lock, and after it has let it go.
template <typename Look>
bool try_other_lock(Look look) {
  FILE* file = fopen("/dev/null", "we");
  if (file == nullptr) return false;
  flockfile(file);
  const bool held = look(file);
  funlockfile(file);
  const bool released = !look(file);
  fclose(file);
  return held && released;
}

}  // namespace tsdaemon::forkall
