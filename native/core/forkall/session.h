#pragma once

#include "arch/context.h"
#include "workspace.h"

namespace tsdaemon::forkall {

/// Which of the two processes a fork has returned in.
enum class Side { launcher, daemon };

/// The double fork of daemon(7): a session process that leads a session of its own and makes the
/// daemon, which therefore never leads one and cannot acquire a controlling terminal. It shares our
/// memory and costs no page tables, so that one copy of them is made where the classic recipe makes
/// two:
///
///     launcher ── CLONE_VM|CLONE_VFORK ── session ── setsid ── clone ── daemon
///        │ waits in the kernel              │ _exit               │ takes up main's context
///        └────────────────────────────────<─┘
class Session {
 public:
  /// Before the fork. Returns 0 or an errno.
  int prepare();

  /// Returns in both processes, in the daemon on the calling thread alone. `clear_on_exit` is the
  /// thread's, set_tid_address(2). Returns 0 or an errno; then there is no daemon.
  int fork(int* clear_on_exit, Side* side, int* daemon);

 private:
  static void run(void* session);

  Workspace stack_;
  arch::Context main_{};
  int* clear_on_exit_ = nullptr;
  int daemon_ = 0;
  int error_ = 0;
};

}  // namespace tsdaemon::forkall
