#pragma once

#include <vector>

#include "forkall/timeline.h"
#include "plan.h"
#include "result.h"

namespace tsdaemon {

/// What a daemon knows of its start.
struct Daemonized {
  int pid = 0;
  int launcher_pid = 0;
  int status_fd = -1;     // where readiness is to be told; negative: nobody waits
  int final_stderr = -1;  // what stderr becomes when it is told; negative: it is
  int pid_file = -1;      // open and locked; negative: none
  int pid_directory = -1;
  int notify_socket = -1;   // connected to the supervisor; or a negated errno
  std::string user, home;   // of the user it has become; empty: it has not
  std::vector<int> copies;  // of stdout: they led to the terminal
  forkall::Timeline timeline;
};

/// Makes a daemon of this process, daemon(7), with every thread it has. Returns in the daemon,
/// complete; or in the launcher, which is exactly as it was, with the step that failed. The
/// launcher of a complete daemon never returns: it waits for readiness and exits.
Failure daemonize(const Plan& plan, Daemonized* daemonized);

/// The same by executing the program anew in the daemon, for a process that cannot be forked with
/// its threads: never returns but in the launcher, with the step that failed.
Failure daemonize_by_exec(const Plan& plan);

/// The same without a fork, for a process that a supervisor watches: the lock, the pid file, the
/// umask, limits and credentials hold in the foreground as well. On a failure what the steps before
/// it have set is put back, as far as this process has the right to.
Failure stay(const Plan& plan, Daemonized* daemonized);

/// Why this process cannot be forked, or `none`.
Obstacle find_obstacle();

}  // namespace tsdaemon
