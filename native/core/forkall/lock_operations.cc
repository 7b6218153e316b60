#include "lock_operations.h"

#include "library_text.h"
#include "lock_layout.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

// The bits above an id say that others wait.
bool holds(uint64_t word, int id) {
  return word <= UINT32_MAX && (word & futex_tid_mask) == static_cast<uint32_t>(id);
}

uint64_t with_id(uint64_t word, int id) {
  return (word & ~uint64_t{futex_tid_mask}) | static_cast<uint64_t>(id);
}

bool leads_to_lock(uintptr_t address) {
  MutexLayout mutex;
  return address % alignof(MutexLayout) == 0 &&
         raw::read_memory(address, &mutex, sizeof(mutex)) == sizeof(mutex) && mutex.knows_holder();
}

bool has_in_lock_word(uintptr_t address, int id) {
  uint32_t word = 0;
  return raw::read_memory(address + MutexLayout::lock_offset, &word, sizeof(word)) ==
             sizeof(word) &&
         holds(word, id);
}

/// What the lock function, and those that it calls, keep on the stack; a copy.
class Frames {
 public:
  explicit Frames(uintptr_t start)
      : start_(start), count_(raw::read_memory(start, words_, sizeof(words_)) / sizeof(uint32_t)) {}

  /// Calls `visit(address)` for each word that is `id`.
  template <typename Visit>
  void each(int id, Visit visit) const {
    for (size_t i = 0; i < count_; ++i)
      if (holds(words_[i], id) && !is_half_of_address(i)) visit(start_ + i * sizeof(uint32_t));
  }

 private:
  static constexpr size_t size = 512;

  // The upper half of an address is as small as an id.
  bool is_half_of_address(size_t i) const {
    const size_t low = i & ~size_t{1};
    char byte;
    return low + 1 < count_ && words_[low + 1] != 0 &&
           raw::read_memory(uint64_t{words_[low + 1]} << 32 | words_[low], &byte, 1) == 1;
  }

  uintptr_t start_;
  uint32_t words_[size / sizeof(uint32_t)];
  size_t count_;
};

bool has_id_on_stack(const Thread& thread) {
  bool has = false;
  Frames(thread.interrupted.stack()).each(thread.id, [&](uintptr_t) { has = true; });
  return has;
}

// Whether it sleeps until somebody lets go a lock that is held by id.
bool waits_by_id(const Threads& threads, const arch::Interrupted& interrupted) {
  if (!library_text.holds(interrupted.instruction()) || !interrupted.slept_for_lock()) return false;
  if constexpr (only_mutexes_hold_ids) return interrupted.first_argument_passes(leads_to_lock);
  return interrupted.first_argument_passes([&](uintptr_t address) {
    uint32_t word = 0;
    if (raw::read_memory(address, &word, sizeof(word)) != sizeof(word)) return false;
    bool is_held = false;
    threads.each([&](const Thread& holder) { is_held = is_held || holds(word, holder.id); });
    return is_held;
  });
}

__attribute__((no_sanitize("address"))) void write_id(uintptr_t address, int id) {
  auto* word = reinterpret_cast<uint32_t*>(address);
  *word = static_cast<uint32_t>(with_id(*word, id));
}

void mend(const Thread& thread) {
  thread.interrupted.each_kept_register([&](auto& value) {
    const auto word = static_cast<uint64_t>(value);
    if (holds(word, thread.id)) value = static_cast<long long>(with_id(word, thread.revived_id));
  });
  Frames(thread.interrupted.stack()).each(thread.id, [&](uintptr_t address) {
    write_id(address, thread.revived_id);
  });
}

}  // namespace

bool is_changing_lock(const Thread& thread) {
  bool changing = false;
  thread.interrupted.each_register([&](auto value) {
    const auto address = static_cast<uintptr_t>(value);
    changing = changing || (leads_to_lock(address) &&
                            (has_in_lock_word(address, thread.id) || has_id_on_stack(thread)));
  });
  return changing;
}

void mend_lock_waiters(const Threads& threads) {
  threads.each([&](const Thread& thread) {
    if (thread.id != threads.main().id && waits_by_id(threads, thread.interrupted)) mend(thread);
  });
}

}  // namespace tsdaemon::forkall
