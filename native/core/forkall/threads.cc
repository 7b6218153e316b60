#include "threads.h"

#include <cerrno>
#include <cstring>

#include "decimal.h"

namespace tsdaemon::forkall {

namespace {

constexpr size_t listing_size = 32 * 1024;
constexpr uint64_t millisecond = 1'000'000;

// How often a thread that has not parked is looked for: it may have exited meanwhile.
constexpr uint64_t gone_check_ns = 3 * millisecond;

// When the parked threads are let go for a moment; doubled from one round to the next.
constexpr uint64_t first_give_way_ns = 500 * millisecond;
constexpr uint64_t pause_ns = 2 * millisecond;

// What the handler knows of the freeze in progress. Static, because a signal can be handled when
// the freeze that sent it is long over; rounds are never reused, so such a signal finds itself
// late.
struct Parking {
  std::atomic<uint32_t> round;    // counts up
  std::atomic<uint32_t> opened;   // the gate: threads of this round and of those before may go
  std::atomic<uint32_t> missing;  // threads that are not yet parked, or not yet revived
  std::atomic<Thread*> threads;
  ThreadBlock block;  // a copy: a late handler may outlive the freeze that it belongs to
  const Thread* main;
  raw::SignalAction previous;
  bool installed;
};
Parking parking;

void wait_at_gate(uint32_t round) {
  for (;;) {
    const uint32_t opened = parking.opened.load();
    if (static_cast<int32_t>(opened - round) >= 0) return;
    raw::futex_wait(parking.opened, opened);
  }
}

void open_gate() {
  parking.opened.store(parking.round.load());
  raw::futex_wake_all(parking.opened);
}

void arrive() {
  if (parking.missing.fetch_sub(1) == 1) raw::futex_wake_all(parking.missing);
}

// Returns 0, or ETIMEDOUT.
int wait_for_all(uint64_t deadline) {
  for (;;) {
    const uint32_t missing = parking.missing.load();
    if (missing == 0) return 0;
    if (raw::now_ns() >= deadline) return ETIMEDOUT;
    raw::futex_wait(parking.missing, missing, gone_check_ns);
  }
}

// SIG_DFL is 0, SIG_IGN is 1.
bool is_function(void (*handler)(int, siginfo_t*, void*)) {
  return reinterpret_cast<uintptr_t>(handler) > 1;
}

uint64_t cookie_of(uint32_t round, size_t index) { return uint64_t{round} << 32 | index; }

struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

// 0 for what is not a number: "." and "..".
unsigned number_of(const char* name) {
  unsigned number = 0;
  for (; *name >= '0' && *name <= '9'; ++name)
    number = number * 10 + static_cast<unsigned>(*name - '0');
  return number;
}

}  // namespace

Threads::~Threads() {
  if (tasks_ >= 0) raw::close(tasks_);
  // A thread that came late, or that was let go between two rounds, may still be writing its
  // record.
  if (given_way_ || straggler() != 0) workspace_.leave();
}

bool Threads::stands(const Thread& thread, Phase phase) const {
  const Standing standing = thread.standing.load();
  return standing.round == parking.round.load() && standing.phase == phase;
}

int Threads::prepare() {
  if (!block_.find()) return ENOTSUP;
  tasks_ = static_cast<int>(
      raw::openat(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (tasks_ < 0) return -tasks_;

  static char listing[listing_size];
  size_t running = 0;
  for (;;) {
    const long length = raw::getdents(tasks_, listing, sizeof(listing));
    if (length < 0) return static_cast<int>(-length);
    if (length == 0) break;
    for (long at = 0; at < length;
         at += reinterpret_cast<const DirectoryEntry*>(listing + at)->length)
      ++running;
  }

  // Threads may start until the last is parked.
  capacity_ = 2 * running + 64;
  const int error = workspace_.map(Workspace::size_of<Thread>(capacity_) +
                                   Workspace::size_of<char>(listing_size));
  if (error != 0) return error;
  threads_ = workspace_.cut<Thread>(capacity_);
  listing_ = workspace_.cut<char>(listing_size);
  main_.id = raw::gettid();
  return 0;
}

int Threads::freeze(uint64_t timeout_ns) {
  const uint64_t deadline = raw::now_ns() + timeout_ns;
  block_signals();
  main_.state.record(block_);
  parking.threads.store(threads_);
  parking.block = block_;
  parking.main = &main_;
  install_handler();
  frozen_ = true;

  // One round is enough, but for a thread that has blocked every signal, as glibc does around a
  // thread's end, and waits there for a lock that a parked thread holds: it can neither park nor
  // go before that one is let go.
  for (uint64_t give_way = first_give_way_ns;; give_way *= 2) {
    parking.missing.store(0);
    parking.round.fetch_add(1);
    const uint64_t round_end = raw::now_ns() + give_way;
    const int error = park_all(round_end < deadline ? round_end : deadline);
    if (error == 0) return verify_blocks();
    if (error != ETIMEDOUT || raw::now_ns() >= deadline) return error;
    given_way_ = true;
    open_gate();
    raw::futex_wait(parking.opened, parking.opened.load(), pause_ns);
  }
}

// All but the parking signal: when another thread changes the credentials of the process, main must
// be able to take its part, or that thread waits for ever, parked in the daemon as well.
void Threads::block_signals() {
  const uint64_t all = ~raw::signal_bit(parking_signal);
  raw::sigprocmask(SIG_SETMASK, &all, &main_mask_);
}

// SA_NODEFER, with the parking signal left out of the mask: for the same reason, a parked thread
// still takes the C library's genuine signal. SA_RESTART spares the interrupted system calls that
// can be restarted.
void Threads::install_handler() {
  if (parking.installed) return;
  const raw::SignalAction action{
      park, SA_SIGINFO | SA_RESTART | SA_ONSTACK | SA_NODEFER | raw::sa_restorer,
      arch::tsdaemon_signal_return, ~raw::signal_bit(parking_signal)};
  raw::sigaction(parking_signal, &action, &parking.previous);
  parking.installed = true;
}

int Threads::park_all(uint64_t deadline) {
  bool found = true;
  while (found) {
    int error = signal_new_threads(&found);
    if (error == 0) error = wait_until_parked(deadline);
    if (error != 0) return error;
  }
  return 0;
}

int Threads::signal_new_threads(bool* found) {
  *found = false;
  raw::rewind(tasks_);
  for (;;) {
    const long length = raw::getdents(tasks_, listing_, listing_size);
    if (length < 0) return static_cast<int>(-length);
    if (length == 0) return 0;
    for (long at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(listing_ + at);
      at += entry->length;
      const int id = static_cast<int>(number_of(entry->name));
      if (id == 0 || id == main_.id) continue;
      Thread* thread = slot_of(id);
      if (thread == nullptr) return EAGAIN;
      if (thread->standing.load().round == parking.round.load()) continue;
      *found = true;
      const int error = signal_thread(*thread);
      if (error != 0) return error;
    }
  }
}

Thread* Threads::slot_of(int id) {
  for (size_t i = 0; i < count_; ++i)
    if (threads_[i].id == id) return &threads_[i];
  if (count_ == capacity_) return nullptr;
  threads_[count_].id = id;
  return &threads_[count_++];
}

int Threads::signal_thread(Thread& thread) {
  const uint32_t round = parking.round.load();
  parking.missing.fetch_add(1);
  thread.standing.store({round, Phase::signalled});

  siginfo_t info{};
  info.si_signo = parking_signal;
  info.si_code = SI_QUEUE;
  info.si_pid = raw::getpid();
  info.si_uid = static_cast<uid_t>(raw::syscall(SYS_getuid));
  info.si_value.sival_ptr =
      reinterpret_cast<void*>(cookie_of(round, static_cast<size_t>(&thread - threads_)));
  const long result = raw::tgsigqueue(info.si_pid, thread.id, parking_signal, &info);
  if (!raw::failed(result)) return 0;
  thread.standing.store({round, Phase::gone});
  parking.missing.fetch_sub(1);
  return result == -ESRCH ? 0 : static_cast<int>(-result);
}

int Threads::wait_until_parked(uint64_t deadline) {
  // The count wakes us, the standings decide: a handler of an earlier round may count late.
  for (;;) {
    const uint32_t missing = parking.missing.load();
    if (straggler() == 0) return 0;
    if (raw::now_ns() >= deadline) return ETIMEDOUT;
    if (raw::futex_wait(parking.missing, missing, gone_check_ns) == -ETIMEDOUT) look_for_the_gone();
  }
}

// A thread can exit between being listed, being signalled and parking.
void Threads::look_for_the_gone() {
  const uint32_t round = parking.round.load();
  for (size_t i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    if (!stands(thread, Phase::signalled) || exists(thread.id)) continue;
    Standing expected{round, Phase::signalled};
    if (thread.standing.compare_exchange_strong(expected, {round, Phase::gone}))
      parking.missing.fetch_sub(1);
  }
}

// False for a thread that will never again run a line of the program: one that the kernel no longer
// knows, one that is dead but not yet released, and a worker that the kernel itself runs for
// io_uring, which is listed among ours.
bool Threads::exists(int id) const {
  if (raw::tgkill(raw::getpid(), id, 0) == -ESRCH) return false;

  char path[decimal_size + sizeof("/stat")];
  strcpy(write_decimal(path, static_cast<unsigned>(id)), "/stat");
  const int fd = static_cast<int>(raw::openat(tasks_, path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd != -ENOENT;
  char stat[256];
  const long length = raw::read(fd, stat, sizeof(stat) - 1);
  raw::close(fd);
  if (length == -ESRCH) return false;
  if (length <= 0) return true;
  stat[length] = '\0';

  // "id (name) state ppid pgrp session tty tpgid flags …"; a name may hold a ")".
  const char* field = strrchr(stat, ')');
  if (field == nullptr) return true;
  field += 2;
  if (*field == 'Z' || *field == 'X') return false;
  for (int skipped = 0; skipped < 6; ++skipped) {
    field = strchr(field, ' ');
    if (field == nullptr) return true;
    ++field;
  }
  constexpr unsigned pf_io_worker = 0x10;
  return (number_of(field) & pf_io_worker) == 0;
}

int Threads::verify_blocks() {
  bool agreed = true;
  each([&](const Thread& thread) {
    agreed = agreed && block_.agrees(thread.state.thread_pointer, thread.id);
  });
  return agreed && block_.id_of(main_.state.thread_pointer) != nullptr ? 0 : ENOTSUP;
}

void Threads::park(int signal, siginfo_t* info, void* frame) {
  const auto cookie = reinterpret_cast<uint64_t>(info->si_value.sival_ptr);
  const auto round = static_cast<uint32_t>(cookie >> 32);
  if (info->si_code != SI_QUEUE || round == 0 || round > parking.round.load()) {
    if (is_function(parking.previous.handler)) parking.previous.handler(signal, info, frame);
    return;
  }

  // Late: its freeze is over, and the table may be as well.
  if (static_cast<int32_t>(parking.opened.load() - round) >= 0) return;
  Thread& self = parking.threads.load()[cookie & UINT32_MAX];
  if (self.id != raw::gettid()) return;

  self.state.record(parking.block);
  if (arch::tsdaemon_context_save(&self.context) == 0) {
    Standing expected{round, Phase::signalled};
    if (!self.standing.compare_exchange_strong(expected, {round, Phase::parked})) return;
    arrive();
  } else {
    take_up(self);
  }
  wait_at_gate(round);
}

void Threads::take_up(Thread& self) {
  self.state.restore();
  self.state.restore_scheduling(parking.main->state);
  self.standing.store({self.standing.load().round, Phase::revived});
  arrive();
}

void Threads::restore_main() {
  main_.revived_id = raw::gettid();
  *block_.id_of(main_.state.thread_pointer) = main_.revived_id;
  main_.state.restore();
}

// CLONE_CHILD_CLEARTID takes the address that the kernel had recorded, which need not be the id's:
// it is the word that pthread_join waits for on some C libraries, and the lock of the thread list
// on others. The id itself is written by CLONE_PARENT_SETTID.
int Threads::revive(uint64_t timeout_ns) {
  constexpr unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                  CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID;
  parking.missing.store(0);
  for (size_t i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    if (!stands(thread, Phase::parked)) continue;
    parking.missing.fetch_add(1);
    const ThreadState& state = thread.state;
    const long id = arch::tsdaemon_clone_into_context(
        flags | (state.clear_on_exit != nullptr ? CLONE_CHILD_CLEARTID : 0),
        block_.id_of(state.thread_pointer), state.clear_on_exit, state.thread_pointer,
        &thread.context);
    if (raw::failed(id)) return static_cast<int>(-id);
    thread.revived_id = static_cast<int>(id);
  }
  return wait_for_all(raw::now_ns() + timeout_ns);
}

// The gate opens before main takes signals again: a handler of the program on main may wait for
// something that a parked thread holds.
void Threads::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  const bool all_parked = straggler() == 0;
  // While a signal of ours is on its way, its default action would end the process.
  if (all_parked) {
    raw::sigaction(parking_signal, &parking.previous, nullptr);
    parking.installed = false;
  }
  const uint32_t round = parking.round.load();
  for (size_t i = 0; i < count_; ++i) {
    Standing expected{round, Phase::parked};
    threads_[i].standing.compare_exchange_strong(expected, {round, Phase::resumed});
  }
  open_gate();
  raw::sigprocmask(SIG_SETMASK, &main_mask_, nullptr);
}

int Threads::straggler() const {
  for (size_t i = 0; i < count_; ++i)
    if (stands(threads_[i], Phase::signalled)) return threads_[i].id;
  return 0;
}

}  // namespace tsdaemon::forkall
