#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "scoped.h"

namespace tsdaemon {

/// What a pid file tells of its daemon at one moment.
struct Sight {
  enum class State : int32_t {
    stopped,   // no file, or one that nobody locks and that names nobody
    dead,      // nobody locks it, and yet it names a process: what a crash leaves
    starting,  // locked, and still empty
    running,   // locked, and it names the process that holds it
    foreign,   // locked, but not by the process that it names
    unknown,   // it cannot be looked at: `error` says why
  };

  State state = State::unknown;
  int pid = 0;         // what the file names; 0: nothing
  int error = 0;       // of `unknown`: an errno
  ScopedFd process{};  // of `running`: a pidfd, the only thing that may be signalled
};

inline constexpr const char* sight_names[] = {
    "stopped", "dead", "starting", "running", "foreign", "unknown",
};

/// Looks for the daemon of a pid file, and changes nothing: a reader's lock is a shared one, taken
/// for an instant.
Sight find_daemon(const std::string& pid_file);

/// pidfd_send_signal(2). Returns 0 or an errno: ESRCH when the process has ended.
int send_signal(int process, int signal);

bool has_ended(int process);

}  // namespace tsdaemon
