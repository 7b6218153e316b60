#pragma once

#include <cstdint>

#include "forkall/forkall.h"
#include "forkall/session.h"
#include "lock_file.h"
#include "log_follower.h"
#include "plan.h"
#include "result.h"
#include "scoped.h"
#include "status_channel.h"

namespace tsdaemon {

/// The process that was started and that the shell waits for, from the fork on. Its other threads
/// never run again unless the start fails: raw system calls only, and no memory but its own.
class Launcher {
 public:
  /// Before the freeze. `notify_socket` leads to the supervisor; negative: there is none. Returns 0
  /// or an errno.
  int prepare(int notify_socket);

  /// After the fork.
  void wait_through(forkall::Session& session, int daemon);

  /// Undoes `prepare`: the program goes on.
  void restore();

  /// Waits until the daemon is complete, and ends it if it does not come to that. A failure means
  /// that no line of the program has run in the daemon.
  Failure await_complete(const StatusChannel& channel, int daemon, const Plan::Messages& messages);

  /// The same for a daemon that executes the program anew: once it is complete, its channel ends at
  /// the exec.
  Failure await_exec(const StatusChannel& channel, int daemon);

  /// Waits until the daemon is ready, or is not going to be, and exits with the truth.
  /// `alone`: no other thread runs that would miss the descriptors. `copy`: what was forked;
  /// without a value there is no heap here that the daemon shares.
  [[noreturn]] void await_ready(const StatusChannel& channel, int daemon, const Plan& plan,
                                const LockFile& lock_file, LogFollower& follower, bool alone,
                                forkall::Forkall* copy = nullptr);

 private:
  struct Event {
    enum class Kind { report, end_of_file, interrupted, continued, nothing };
    Kind kind = Kind::nothing;
    Report report{};
    int signal = 0;
  };

  /// Whom and what it waits for, once the daemon is complete.
  struct Wait {
    int channel;
    int daemon;
    const Plan::Messages& messages;
    const LockFile& lock_file;
    LogFollower& follower;
  };

  /// What an event may come from; negative: nothing does.
  struct Sources {
    int channel = -1;
    int signals = -1;
    int daemon = -1;
  };

  Failure await_word(const StatusChannel& channel, int daemon, Event::Kind good);
  static Event next_event(const Sources& sources, uint64_t deadline);
  static Event read_signal(int signals);
  long look_for_end(int* status) const;
  bool await_end(int signals, uint64_t timeout_ns, int* status) const;
  void kill_and_reap(int daemon, int* status) const;
  void signal_daemon(int daemon, int signal) const;
  void terminate(int daemon) const;
  void end_group(int group) const;
  [[noreturn]] void exit_ready(const Plan::Messages& messages, int daemon) const;
  [[noreturn]] void exit_as_daemon(const Wait& wait) const;
  [[noreturn]] static void exit_failed(const Wait& wait, const std::string& message, int status,
                                       int exit_status);
  void let_go_of_descriptors(const Wait& wait) const;

  forkall::Session* session_ = nullptr;
  int notify_socket_ = -1;
  ScopedFd signals_;
  ScopedFd daemon_;         // a pidfd; not valid where the kernel has none
  int was_subreaper_ = -1;  // negative: not changed
};

}  // namespace tsdaemon
