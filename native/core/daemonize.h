#pragma once

#include <vector>

#include "plan.h"
#include "result.h"

namespace tsdaemon {

/// What a daemon knows of its start.
struct Daemonized {
  int pid = 0;
  int launcher_pid = 0;
  int status_fd = -1;     // where readiness is to be told; negative: it is told
  int final_stderr = -1;  // what stderr becomes when it is told; negative: it is
  int pid_file = -1;      // open and locked; negative: none
  int pid_directory = -1;
  std::vector<int> copies;  // of stdout: they led to the terminal
};

/// Makes a daemon of this process, daemon(7), with every thread it has. Returns in the daemon,
/// complete; or in the launcher, which is exactly as it was, with the step that failed. The
/// launcher of a complete daemon never returns: it waits for readiness and exits.
Failure daemonize(const Plan& plan, Daemonized* daemonized);

/// Why this process cannot be forked, or `none`.
Obstacle find_obstacle();

}  // namespace tsdaemon
