#pragma once

#include <atomic>
#include <cstdint>

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
///
/// Under a supervisor the session process stays until the daemon is ready, or ends: the launcher
/// waits through it, and need not be the daemon's parent. Once it is gone the daemon is its
/// supervisor's child: one that is the launcher's when it is announced as the main process is taken
/// for a stranger's for good, whose end is not awaited (systemd 252).
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { let_go(); }

  /// Before the fork. Returns 0 or an errno.
  int prepare(bool stays);

  /// Returns in both processes, in the daemon on the calling thread alone. `clear_on_exit` is the
  /// thread's, set_tid_address(2). Returns 0 or an errno; then there is no daemon.
  int fork(int* clear_on_exit, Side* side, int* daemon);

  /// In the launcher. The child whose end tells that of the daemon: `daemon`, or the session
  /// process.
  int child() const { return stays_ ? leader_ : daemon_; }

  /// When that child has ended with `status`, wait(2): the status of the daemon.
  int reaped(int status) {
    reaped_ = true;
    return stays_ ? status_ : status;
  }

  /// In the launcher: ends the session process, so that the daemon is its supervisor's child.
  void let_go();

 private:
  static void run(void* session);
  [[noreturn]] void stay();
  int await_daemon();

  Workspace stack_;
  arch::Context main_{};
  int* clear_on_exit_ = nullptr;
  int daemon_ = 0;
  int error_ = 0;
  bool stays_ = false;
  bool reaped_ = false;
  int launcher_ = 0;
  int leader_ = 0;
  int status_ = 0;
  std::atomic<uint32_t> made_{0};
};

}  // namespace tsdaemon::forkall
