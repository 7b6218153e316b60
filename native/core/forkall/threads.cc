#include "threads.h"

#include <linux/futex.h>

#include <cerrno>

#include "library_text.h"
#include "lock_operations.h"

namespace tsdaemon::forkall {

namespace {

constexpr uint64_t millisecond = 1'000'000;

// How often a thread that has not parked is looked for: it may have exited meanwhile.
constexpr uint64_t gone_check_ns = 3 * millisecond;

// When the parked threads are let go for a moment, if no other has parked; doubled from one round
// to the next.
constexpr uint64_t first_give_way_ns = 500 * millisecond;
constexpr uint64_t first_pause_ns = 2 * millisecond;
constexpr uint64_t longest_pause_ns = 16 * millisecond;

// How often a thread that has an id in a register is let go on, at least: the time may have passed
// with waiting for another thread, or for the machine.
constexpr int least_tries = 100;

// Asked again at once it may have taken the signal where it was, without having run: then it is
// waited for a moment.
constexpr int prompt_tries = 10;
constexpr uint64_t run_ns = millisecond / 5;

// Threads whose credentials differ may do so for good.
constexpr int max_changes = 50;

// Of a round that a change of credentials has cut short; no system call of the freeze returns it.
constexpr int cut_short = EINTR;

// Threads may start until the last is parked.
constexpr size_t spare_capacity = 1024;

// What the handler knows of the freeze in progress. Static, because a signal can be handled when
// the freeze that sent it is long over; rounds are never reused, so such a signal finds itself
// late.
struct Parking {
  std::atomic<uint32_t> round;       // counts up
  std::atomic<uint32_t> opened;      // the gate: threads of this round and of those before may go
  std::atomic<uint32_t> missing;     // threads that are not yet parked, or not yet revived
  std::atomic<uint32_t> exchanging;  // 1: the handler is ours, and the previous one yet to be known
  std::atomic<Thread*> threads;
  std::atomic<size_t> count;
  uint64_t patience_end;
  ThreadBlock block;  // a copy: a late handler may outlive the freeze that it belongs to
  const Thread* main;
  raw::SignalAction previous;
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

}  // namespace

Threads::~Threads() {
  // A thread that came late, or that was let go between two rounds, may still be writing its
  // record.
  if (given_way_ || straggler() != 0) workspace_.leave();
}

bool Threads::stands(const Thread& thread, Phase phase) const {
  const Standing standing = thread.standing.load();
  return standing.round == parking.round.load() && standing.phase == phase;
}

int Threads::prepare() {
  if (!block_.find() || !library_text.is_known()) return ENOTSUP;
  int error = tasks_.open();
  if (error != 0) return error;
  const long running = tasks_.count();
  if (running < 0) return static_cast<int>(-running);

  capacity_ = 2 * static_cast<size_t>(running) + spare_capacity;
  error = workspace_.map(Workspace::size_of<Thread>(capacity_));
  if (error != 0) return error;
  threads_ = workspace_.cut<Thread>(capacity_);
  main_.id = raw::gettid();
  return 0;
}

int Threads::freeze(uint64_t timeout_ns) {
  const uint64_t deadline = raw::now_ns() + timeout_ns;
  block_signals();
  main_.state.record(block_);
  parking.threads.store(threads_);
  parking.count.store(0);
  // A register may look like an id for as long as a program likes.
  parking.patience_end = raw::now_ns() + timeout_ns / 2;
  parking.block = block_;
  parking.main = &main_;
  frozen_ = true;

  // One round is enough, but for a thread that has blocked every signal, as glibc does around a
  // thread's end, and waits there for a lock that a parked thread holds: it can neither park nor
  // go before that one is let go. And but for a change of credentials that some threads have made,
  // and others not. The last round has time for every thread, however long one was given way to.
  const uint64_t last_round = deadline - timeout_ns * 3 / 10;
  int changes = 0;
  uint64_t pause = first_pause_ns;
  for (uint64_t give_way_ns = first_give_way_ns;;) {
    install_handler();
    parking.missing.store(0);
    parking.round.fetch_add(1);
    const uint64_t now = raw::now_ns();
    const uint64_t round_end = now < last_round ? now + give_way_ns : deadline;
    const int error = park_all({give_way_ns, deadline, round_end, 0});
    complete_ = error == 0;
    if (complete_ && (!credentials_are_changing() || ++changes == max_changes))
      return verify_blocks();
    if (!complete_ && error != ETIMEDOUT && error != cut_short) return error;
    if (!complete_ && raw::now_ns() >= deadline) return ETIMEDOUT;
    complete_ = false;
    give_way(pause, error == ETIMEDOUT ? last_round : 0);
    if (error == ETIMEDOUT) give_way_ns *= 2;
    if (pause < longest_pause_ns) pause *= 2;
  }
}

// Main takes its part in a change of credentials meanwhile, and goes on once it has: before the
// thread that makes the change can begin the next one, musl has it take a signal. Who could not
// park has been given way to when it has taken the signal: on a busy machine the thread that it
// waits for may not have run before.
void Threads::give_way(uint64_t pause_ns, uint64_t end) {
  constexpr uint64_t parking_bit = raw::signal_bit(parking_signal);
  given_way_ = true;
  open_gate();
  raw::sigprocmask(SIG_UNBLOCK, &parking_bit, nullptr);
  do {
    raw::futex_wait(parking.opened, parking.opened.load(), pause_ns);
  } while (raw::now_ns() < end && is_signal_pending());
  raw::sigprocmask(SIG_BLOCK, &parking_bit, nullptr);
}

bool Threads::is_signal_pending() {
  for (size_t i = 0; i < count_; ++i)
    if (stands(threads_[i], Phase::signalled) &&
        (tasks_.status(threads_[i].id).pending_signals & raw::signal_bit(parking_signal)) != 0)
      return true;
  return false;
}

void Threads::block_signals() {
  constexpr uint64_t all = ~uint64_t{0};
  raw::sigprocmask(SIG_SETMASK, &all, &main_mask_);
}

// SA_RESTART spares the interrupted system calls that can be restarted.
void Threads::install_handler() {
  const raw::SignalAction action{park, SA_SIGINFO | SA_RESTART | SA_ONSTACK | raw::sa_restorer,
                                 arch::tsdaemon_signal_return, ~uint64_t{0}};
  // In one step, because musl sets its own for each change of credentials.
  parking.exchanging.store(1);
  raw::SignalAction present{};
  raw::sigaction(parking_signal, &action, &present);
  if (present.handler != park) parking.previous = present;
  parking.exchanging.store(0);
  raw::futex_wake_all(parking.exchanging);
}

bool Threads::has_handler() {
  raw::SignalAction present{};
  raw::sigaction(parking_signal, nullptr, &present);
  return present.handler == park;
}

void Threads::remove_handler() {
  if (has_handler()) raw::sigaction(parking_signal, &parking.previous, nullptr);
}

// As long as one thread after the other parks, they do not wait for one that is parked; and to
// begin anew with all of them takes long, where each is seldom settled.
bool Threads::is_over(Round* round) const {
  const uint64_t now = raw::now_ns();
  size_t parked = 0;
  each([&](const Thread&) { ++parked; });
  if (parked > round->parked) {
    round->parked = parked;
    if (round->end < now + round->give_way_ns) round->end = now + round->give_way_ns;
  }
  return now >= round->end || now >= round->deadline;
}

int Threads::park_all(Round round) {
  // Those of the round before, at once: see give_way.
  bool signalled = false;
  int error = signal_threads(&signalled);
  for (;; signalled = false) {
    bool complete = false;
    if (error == 0)
      error =
          tasks_.each([this](int id) { return id == main_.id || add(id) ? 0 : E2BIG; }, &complete);
    if (error == 0) error = signal_threads(&signalled);
    if (error == 0) error = wait_until_parked(&round);
    if (error != 0) return error;
    if (complete && !signalled) return 0;
    if (is_over(&round)) return ETIMEDOUT;
  }
}

bool Threads::add(int id) {
  for (size_t i = 0; i < count_; ++i)
    if (threads_[i].id == id) {
      // The id of one that is gone may be given to a new one.
      if (stands(threads_[i], Phase::gone) && tasks_.runs(id))
        threads_[i].standing.store({0, Phase::running});
      return true;
    }
  Thread* thread = count_ < capacity_ ? &threads_[count_++] : nullptr;
  // No handler will look for its thread in such a place any more.
  for (size_t i = 0; thread == nullptr && i < count_; ++i)
    if (stands(threads_[i], Phase::gone)) thread = &threads_[i];
  if (thread == nullptr) return false;
  thread->standing.store({0, Phase::running});
  thread->id = id;
  return true;
}

// Every id is known before the first thread is asked whether it holds one.
int Threads::signal_threads(bool* signalled) {
  parking.count.store(count_);
  const uint32_t round = parking.round.load();
  bool patient = false;
  for (size_t i = 0; i < count_; ++i)
    patient =
        patient || (stands(threads_[i], Phase::unsettled) && threads_[i].tries > prompt_tries);
  if (patient) raw::futex_wait(parking.opened, parking.opened.load(), run_ns);
  for (size_t i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    if (thread.standing.load().round == round && !stands(thread, Phase::unsettled)) continue;
    *signalled = true;
    if (const int error = signal_thread(thread)) return error;
  }
  return 0;
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

int Threads::wait_until_parked(Round* round) {
  // The count wakes us, the standings decide: a handler of an earlier round may count late.
  for (;;) {
    const uint32_t missing = parking.missing.load();
    if (straggler() == 0) return 0;
    if (is_over(round)) return ETIMEDOUT;
    if (raw::futex_wait(parking.missing, missing, gone_check_ns) != -ETIMEDOUT) continue;
    look_for_the_gone();
    if (is_cut_short()) return cut_short;
  }
}

// A thread can exit between being listed, being signalled and parking.
void Threads::look_for_the_gone() {
  const uint32_t round = parking.round.load();
  for (size_t i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    if (!stands(thread, Phase::signalled) || tasks_.runs(thread.id)) continue;
    Standing expected{round, Phase::signalled};
    if (thread.standing.compare_exchange_strong(expected, {round, Phase::gone}))
      parking.missing.fetch_sub(1);
  }
}

// musl changes credentials with every signal blocked, and with a handler of its own; at the end of
// the change it drops the signals that are on their way. So what was sent before it set that
// handler is lost, and who makes the change waits for main, or for a parked thread.
bool Threads::is_cut_short() {
  if (!has_handler()) return true;
  constexpr uint64_t parking_bit = raw::signal_bit(parking_signal);
  bool blocked = false, awaited = false;
  for (size_t i = 0; i < count_ && !blocked; ++i)
    blocked = stands(threads_[i], Phase::signalled) &&
              (tasks_.status(threads_[i].id).blocked_signals & parking_bit) != 0;
  if (!blocked) return false;
  each([&](const Thread& thread) {
    awaited = awaited || (tasks_.status(thread.id).pending_signals & parking_bit) != 0;
  });
  return awaited;
}

// A thread that changes the credentials of the process sends parking_signal to all the others and
// waits for each. What was sent and not yet taken would be lost at the fork, and the wait be for
// ever; what was taken would be undone, because a revived thread gets main's credentials. Who could
// send more is parked.
bool Threads::credentials_are_changing() {
  // What was owed in the round before was taken when it gave way.
  main_.owed = false;
  for (size_t i = 0; i < count_; ++i) threads_[i].owed = false;
  bool possible = false;
  each([&](const Thread& thread) { possible = possible || changes_credentials(thread); });
  if (!possible) return false;
  const uint64_t of_main = tasks_.status(main_.id).credentials;
  bool changing = false;
  const auto look_at = [&](Thread& thread) {
    const TaskStatus status = tasks_.status(thread.id);
    thread.owed = (status.pending_signals & raw::signal_bit(parking_signal)) != 0;
    changing = changing || thread.owed || status.credentials != of_main;
  };
  look_at(main_);
  for (size_t i = 0; i < count_; ++i)
    if (stands(threads_[i], Phase::parked)) look_at(threads_[i]);
  return changing;
}

// It is awake in the C library, or sleeps until a word on its own stack changes.
bool Threads::changes_credentials(const Thread& thread) {
  constexpr uintptr_t near = 4096;
  if (thread.id == parking.main->id) return false;
  const arch::Interrupted& interrupted = thread.interrupted;
  return library_text.holds(interrupted.instruction()) &&
         (!interrupted.slept() || interrupted.first_argument() - interrupted.stack() < near);
}

// To threads that are yet to go: they take it on their way.
void Threads::send_owed_signals() const {
  each([](const Thread& thread) {
    if (thread.owed) raw::tgkill(raw::getpid(), thread.revived_id, parking_signal);
  });
}

int Threads::verify_blocks() {
  bool agreed = true;
  each([&](const Thread& thread) {
    agreed = agreed && thread.state.knows_clear_on_exit &&
             block_.agrees(thread.state.thread_pointer, thread.id);
  });
  return agreed && block_.id_of(main_.state.thread_pointer) != nullptr ? 0 : ENOTSUP;
}

void Threads::park(int signal, siginfo_t* info, void* frame) {
  const auto cookie = reinterpret_cast<uint64_t>(info->si_value.sival_ptr);
  const auto round = static_cast<uint32_t>(cookie >> 32);
  if (info->si_code != SI_QUEUE || round == 0 || round > parking.round.load()) {
    while (parking.exchanging.load() != 0) raw::futex_wait(parking.exchanging, 1);
    if (is_function(parking.previous.handler)) parking.previous.handler(signal, info, frame);
    return;
  }

  // Late: its freeze is over, and the table may be as well.
  if (static_cast<int32_t>(parking.opened.load() - round) >= 0) return;
  Thread& self = parking.threads.load()[cookie & UINT32_MAX];
  if (self.id != raw::gettid()) return;

  Standing expected{round, Phase::signalled};
  self.interrupted = arch::Interrupted(frame);
  const bool settled = is_settled(self);
  if (settled) self.tries = 0;
  if (!settled && (++self.tries < least_tries || raw::now_ns() < parking.patience_end)) {
    if (self.standing.compare_exchange_strong(expected, {round, Phase::unsettled})) arrive();
    return;
  }
  self.state.record(parking.block);
  if (arch::tsdaemon_context_save(&self.context) == 0) {
    if (!self.standing.compare_exchange_strong(expected, {round, Phase::parked})) return;
    arrive();
  } else {
    take_up(self);
  }
  wait_at_gate(round);
}

// An id in a register would be stored in a lock, compared with a lock's holder or sent a signal in
// the daemon, where the thread has another. It is there for a few instructions, unless the thread
// sleeps.
bool Threads::is_settled(const Thread& self) {
  const arch::Interrupted& interrupted = self.interrupted;
  if (parking.block.is_cleared(arch::thread_pointer(), self.id)) return false;
  if (!library_text.holds(interrupted.instruction()) || interrupted.slept()) return true;
  // What clone(2) has returned, as the only system call that tells of another thread, is looked at
  // for its sign alone.
  const auto is_result = [&](const auto& word, uint64_t value) {
    return &word == interrupted.result() && !holds(value, self.id) &&
           !holds(value, parking.main->id);
  };
  bool settled = true;
  interrupted.each_register([&](const auto& word) {
    const auto value = static_cast<uint64_t>(word);
    settled = settled && (!is_thread(value) || is_result(word, value));
  });
  return settled && !is_changing_lock(self);
}

// The bits above an id say that others wait.
bool Threads::holds(uint64_t word, int id) {
  return word <= UINT32_MAX && (word & FUTEX_TID_MASK) == static_cast<uint32_t>(id);
}

bool Threads::is_thread(uint64_t value) {
  if (holds(value, parking.main->id)) return true;
  const Thread* threads = parking.threads.load();
  for (size_t i = 0; i < parking.count.load(); ++i)
    if (holds(value, threads[i].id)) return true;
  return false;
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
  main_.state.restore_alternate_stack();
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
  // While a signal of ours is on its way, its default action would end the process; and while a
  // thread runs, it may set musl's handler, and not expect another.
  if (complete_) remove_handler();
  if (complete_ && main_.revived_id != 0) send_owed_signals();
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
