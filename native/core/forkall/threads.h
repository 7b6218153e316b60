#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "task_directory.h"
#include "thread_state.h"
#include "workspace.h"

namespace tsdaemon::forkall {

/// The life of a thread other than main:
///
///     running → signalled → parked → resumed   in the launcher, after a thaw
///                │  │ ↑        └───→ revived   in the daemon
///                │  └→ unsettled               it goes on a little, and is asked again
///                └→ gone                       it exited while we waited for it
enum class Phase : uint32_t { running, signalled, unsettled, parked, resumed, revived, gone };

/// Where a thread stands, and in which round of parking: one word, so that a handler that comes
/// late from an earlier round cannot take itself for parked in this one.
struct Standing {
  uint32_t round;
  Phase phase;
};

struct Thread {
  std::atomic<Standing> standing;
  int id;          // in the launcher
  int revived_id;  // in the daemon
  int tries;       // how often in a row it was not settled
  bool owed;       // a signal of the C library's own, parking_signal, that it was yet to take
  ThreadState state;
  arch::Interrupted interrupted;
  arch::Context context;
};

/// Every thread of the process but main: stopped, brought back to life in the daemon, let go.
/// Between `freeze` and `thaw` only raw system calls and memory of the workspace are used: a parked
/// thread may hold any lock of the process.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads();

  /// Before the freeze: counts the threads, opens what the freeze reads. Returns 0 or an errno.
  int prepare();

  /// Parks every thread, within `timeout_ns`. Returns 0 or an errno; whatever it returns, `thaw`
  /// must follow.
  int freeze(uint64_t timeout_ns);

  /// In the daemon's main thread, at once: the identity that the kernel gave it anew.
  void restore_main();

  /// In the daemon: clones every parked thread, and waits until each has taken up its state.
  /// Returns 0 or an errno.
  int revive(uint64_t timeout_ns);

  /// Lets every thread go on, in the launcher or in the daemon, and gives main its signals back.
  void thaw();

  const Thread& main() const { return main_; }

  /// Calls `visit(thread)` for main and for every parked thread.
  template <typename Visit>
  void each(Visit visit) const {
    visit(main_);
    for (size_t i = 0; i < count_; ++i)
      if (stands(threads_[i], Phase::parked) || stands(threads_[i], Phase::revived))
        visit(threads_[i]);
  }

  bool holds(uintptr_t address) const { return workspace_.holds(address); }

  /// After a failed freeze: the id of a thread that did not park, 0 if all did.
  int straggler() const;

 private:
  /// Over at the deadline, or when no thread has parked for a while.
  struct Round {
    uint64_t give_way_ns;
    uint64_t deadline;
    uint64_t end;
    size_t parked;
  };

  static void park(int signal, siginfo_t* info, void* frame);
  static bool is_settled(const Thread& self);
  static bool is_thread(uint64_t value);
  static bool holds(uint64_t word, int id);
  static bool changes_credentials(const Thread& thread);
  static void take_up(Thread& self);

  bool stands(const Thread& thread, Phase phase) const;
  void block_signals();
  static void install_handler();
  static bool has_handler();
  static void remove_handler();
  bool is_over(Round* round) const;
  int park_all(Round round);
  int signal_threads(bool* signalled);
  int signal_thread(Thread& thread);
  int wait_until_parked(Round* round);
  void look_for_the_gone();
  int verify_blocks();
  bool is_cut_short();
  void give_way(uint64_t pause_ns, uint64_t end);
  bool is_signal_pending();
  bool credentials_are_changing();
  void send_owed_signals() const;
  bool add(int id);

  TaskDirectory tasks_;
  Workspace workspace_;
  ThreadBlock block_;
  Thread main_{};
  Thread* threads_ = nullptr;
  size_t count_ = 0;
  size_t capacity_ = 0;
  bool given_way_ = false;
  bool complete_ = false;  // every thread is parked
  uint64_t main_mask_ = 0;
  bool frozen_ = false;
};

}  // namespace tsdaemon::forkall
