#pragma once

#include <pthread.h>

#include <cstdint>

namespace tsdaemon::forkall {

// Locks are aligned to a pointer, and the words with an id are at multiples of it within them.
inline constexpr uintptr_t id_stride = 8;
// Nothing but the id is in such a word.
inline constexpr uint32_t id_mask = UINT32_MAX;
// Whoever sleeps until a word with an id changes, sleeps for a mutex.
inline constexpr bool only_mutexes_hold_ids = true;

// struct __pthread_mutex_s, the same on every 64-bit architecture.
struct MutexLayout {
  uint32_t lock;
  uint32_t count;
  uint32_t owner;
  uint32_t users;
  uint32_t kind;
  uint32_t spins;
  uint64_t list[2];

  static constexpr uintptr_t lock_offset = 0, id_offset = 8;

  uint32_t holder() const { return owner; }

  // A recursive or an error-checking mutex compares the id at each lock and unlock.
  bool is_held_by_id() const {
    if (!is_mutex() || owner == 0 || users == 0 || users > max_users) return false;
    // A robust mutex that is held is in its holder's list.
    for (const uint64_t link : list)
      if ((link != 0) != is_robust()) return false;
    if (type() == recursive && count == 0) return false;
    if (lock_word_holds_id())
      return (lock & futex_tid_mask) == owner && (type() == recursive || count <= 1);
    if (type() == recursive) return lock_is_taken();
    return type() == error_checking && count == 0 && lock_is_taken();
  }

  // The rest of the layout is strict enough.
  bool is_in_list(uintptr_t) const { return true; }

  // A robust or a priority-inheriting mutex has the id in the word that the kernel reads as well.
  bool lock_word_holds_id() const { return is_robust() || (kind & inherit) != 0; }

  bool knows_holder() const {
    return is_mutex() && (lock_word_holds_id() || type() == recursive || type() == error_checking);
  }

 private:
  static constexpr uint32_t type_mask = 3, recursive = 1, error_checking = 2;
  static constexpr uint32_t robust = 16, inherit = 32, protect = 64, shared = 128;
  // Set by hand, or by asking for a normal mutex in so many words.
  static constexpr uint32_t elision = 256, no_elision = 512;
  static constexpr uint32_t ceiling_shift = 19;
  // Fewer than the upper half of an address, where one is what lies here: 0x55…, 0x7f….
  static constexpr uint32_t max_users = 0x4000;

  uint32_t type() const { return kind & type_mask; }
  bool is_robust() const { return (kind & robust) != 0; }

  // Only an adaptive mutex spins, and those that know their holder do not. malloc's lists of free
  // memory, links to one another in a row, are all else of a robust mutex in an arena whose
  // addresses' lower halves are as small as ids (seen: one start in 2,000).
  bool is_mutex() const {
    constexpr uint32_t known =
        type_mask | robust | inherit | protect | shared | elision | no_elision;
    if ((kind & ~known) != 0 || spins != 0) return false;
    if ((kind & elision) != 0 && (kind & (robust | inherit | protect | no_elision)) != 0)
      return false;
    return (kind & protect) == 0 || !lock_word_holds_id();
  }

  bool lock_is_taken() const {
    const uint32_t taken = (kind & protect) != 0 ? lock & ((1u << ceiling_shift) - 1) : lock;
    return taken == 1 || taken == 2;
  }
};

// struct __pthread_rwlock_arch_t since glibc 2.25. The writer's id and `is_shared` are what the
// size in a malloc chunk's header looks like, the padding before them what the end of the chunk
// before it does: with random bytes there, two bits of the readers and one of the futex are soon as
// they should be (seen: one start in 600 of a program that compressed). So every word counts.
struct RwlockLayout {
  uint32_t readers;
  uint32_t writers;
  uint32_t write_phase_futex;
  uint32_t writers_futex;
  uint32_t pads[2];
  uint32_t writer;
  uint32_t is_shared;
  uint64_t elision;  // its first byte, once; padding
  uint64_t pad;
  uint32_t preference;

  static constexpr uintptr_t id_offset = 24;

  uint32_t holder() const { return writer; }

  bool is_held_by_id() const {
    return writer != 0 && (readers & write_phase_and_locked) == write_phase_and_locked &&
           readers >> reader_shift < max_waiting && (writers & ~hand_over) < max_waiting &&
           is_futex(write_phase_futex) && is_futex(writers_futex) && (writers_futex & 1) == 1 &&
           pads[0] == 0 && pads[1] == 0 && is_shared <= 1 && elision >> 8 == 0 && pad == 0 &&
           preference <= prefers_writer_nonrecursive;
  }

 private:
  static constexpr uint32_t write_phase_and_locked = 3, reader_shift = 3;
  static constexpr uint32_t hand_over = 1u << 31;
  static constexpr uint32_t max_waiting = 1 << 20;
  static constexpr uint32_t prefers_writer_nonrecursive = 2;

  // 0 or 1, and a bit that says that somebody sleeps.
  static bool is_futex(uint32_t word) { return word <= 3; }
};

/// The other kind of lock with an id.
using OtherLockLayout = RwlockLayout;

/// Calls `look(address)` while the calling thread holds such a lock, and after it has let it go.
template <typename Look>
bool try_other_lock(Look look) {
  pthread_rwlock_t lock;
  pthread_rwlock_init(&lock, nullptr);
  pthread_rwlock_wrlock(&lock);
  const bool held = look(&lock);
  pthread_rwlock_unlock(&lock);
  const bool released = !look(&lock);
  pthread_rwlock_destroy(&lock);
  return held && released;
}

}  // namespace tsdaemon::forkall
