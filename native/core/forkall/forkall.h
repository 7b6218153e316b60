#pragma once

#include <cstddef>
#include <cstdint>

#include "lock_owners.h"
#include "mappings.h"
#include "session.h"
#include "threads.h"
#include "timeline.h"

namespace tsdaemon::forkall {

/// A fork that carries every thread of the process, as Solaris' forkall(2) did: each goes on in the
/// child at the very instruction where it stood, and locks stay held by their holders.
///
/// `prepare`, `freeze`, `survey`, `fork`; then in the daemon `revive` and `thaw`, in the launcher
/// `thaw` if the daemon could not be completed, and otherwise nothing ever again but raw system
/// calls. Each returns 0 or an errno; from `freeze` to `thaw` nothing allocates and nothing locks.
class Forkall {
 public:
  static constexpr uint64_t freeze_timeout_ns = 5'000'000'000;
  static constexpr uint64_t revive_timeout_ns = 5'000'000'000;

  /// `stays`: of the session process.
  int prepare(bool stays = false);

  /// Stops every other thread.
  int freeze();

  /// Reads what the fork needs to know of the memory, now that nothing changes it.
  int survey();

  /// Forks twice, the session process between the two. On success `side` tells where it returned,
  /// and in the launcher `daemon` is the daemon's pid.
  int fork(Side* side, int* daemon);

  /// In the daemon: brings the threads back to life; they wait for the thaw.
  int revive();

  /// Lets every thread go on.
  void thaw();

  /// In the launcher of a daemon that is complete: JavaScript never runs here again.
  void discard_heap() { mappings_.discard_heap(); }

  Session& session() { return session_; }
  Timeline& timeline() { return timeline_; }

  /// After a failed freeze: the id of a thread that did not stop, or 0.
  int straggler() const { return threads_.straggler(); }

 private:
  void keep_out_of_forks();

  Threads threads_;
  Mappings mappings_;
  LockOwners owners_;
  Session session_;
  Timeline timeline_;
  bool forkable_ = false;
};

}  // namespace tsdaemon::forkall
