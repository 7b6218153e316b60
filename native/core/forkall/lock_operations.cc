#include "lock_operations.h"

#include <sys/uio.h>

#include "lock_layout.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

// How deep below the lock function the system call is made.
constexpr size_t frames_size = 512;

// What an address leads to need not be a mutex, nor readable.
bool read_mutex(uintptr_t address, MutexLayout* mutex) {
  if (address % alignof(MutexLayout) != 0) return false;
  const iovec local{mutex, sizeof(*mutex)};
  const iovec remote{reinterpret_cast<void*>(address), sizeof(*mutex)};
  return raw::syscall(SYS_process_vm_readv, raw::getpid(), raw::pointer(&local), 1,
                      raw::pointer(&remote), 1, 0) == sizeof(*mutex);
}

bool waits_by_id(const arch::Interrupted& interrupted) {
  MutexLayout mutex;
  return interrupted.slept() && read_mutex(interrupted.first_argument(), &mutex) &&
         mutex.is_known_by_id();
}

// The bits above an id say that others wait.
bool holds(uint64_t word, int id) {
  return word <= UINT32_MAX && (word & futex_tid_mask) == static_cast<uint32_t>(id);
}

template <typename Word>
void mend(Word* word, const Thread& thread) {
  if (!holds(static_cast<uint64_t>(*word), thread.id)) return;
  *word = static_cast<Word>((static_cast<uint64_t>(*word) & ~uint64_t{futex_tid_mask}) |
                            static_cast<uint64_t>(thread.revived_id));
}

// Calls `visit(word)` for what the lock function and those that it calls keep on the stack.
template <typename Visit>
__attribute__((no_sanitize("address"))) void each_on_stack(const Thread& thread, Visit visit) {
  auto* words = reinterpret_cast<uint32_t*>(thread.interrupted.stack());
  for (size_t i = 0; i < frames_size / sizeof(uint32_t); ++i) visit(words[i]);
}

bool has_id_on_stack(const Thread& thread) {
  bool has = false;
  each_on_stack(thread, [&](uint32_t word) { has = has || holds(word, thread.id); });
  return has;
}

}  // namespace

bool is_changing_lock(const Thread& thread) {
  bool changing = false;
  thread.interrupted.each_register([&](auto value) {
    MutexLayout mutex;
    if (changing || !read_mutex(static_cast<uintptr_t>(value), &mutex)) return;
    changing = mutex.is_known_by_id() && (holds(mutex.lock, thread.id) || has_id_on_stack(thread));
  });
  return changing;
}

void mend_lock_waiters(const Threads& threads) {
  threads.each([&](const Thread& thread) {
    if (thread.id == threads.main().id || !waits_by_id(thread.interrupted)) return;
    thread.interrupted.each_register([&](auto& word) { mend(&word, thread); });
    each_on_stack(thread, [&](uint32_t& word) { mend(&word, thread); });
  });
}

}  // namespace tsdaemon::forkall
