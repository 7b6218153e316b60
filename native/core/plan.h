#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>

namespace tsdaemon {

/// Where a standard stream of the daemon leads.
struct StreamTarget {
  enum class Kind { null, inherit, path, descriptor };
  Kind kind = Kind::null;
  std::string path;
  int descriptor = -1;
};

/// Everything that is known before the first step, and all that the steps are told: nothing is
/// looked up on the way.
struct Plan {
  std::string cwd;                      // empty: stay
  int umask = -1;                       // negative: as it is
  std::array<StreamTarget, 3> streams;  // stdin, stdout, stderr
  std::string pid_file;                 // absolute; empty: none
  bool ready_when_detached = true;
  int64_t ready_timeout_ms = 0;  // 0: for ever

  /// What the launcher prints when the daemon does not become ready. `{pid}` and `{status}` are
  /// filled in: when they are needed, no thread of the program runs any more.
  struct Messages {
    std::string exited, killed, lost, late, interrupted;
  } messages;
};

}  // namespace tsdaemon
