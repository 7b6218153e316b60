#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

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
  std::string user, group;              // names or numbers; empty: as it is
  bool has_groups = false;              // else those of the user
  std::vector<std::string> groups;
  std::string chroot;                          // absolute; empty: none
  int64_t limit_core = -1, limit_nofile = -1;  // negative: as it is
  bool has_oom_score_adj = false, has_nice = false;
  int oom_score_adj = 0, nice = 0;
  bool allows_children = false;  // child processes that the daemon loses
  bool closes_inherited = false;
  std::vector<int> kept;         // descriptors that are not to be closed
  std::vector<int> in_use;       // descriptors of handles of the event loop
  std::string notify_socket;     // of a supervisor; empty: none
  int64_t ready_timeout_ms = 0;  // 0: for ever

  /// Of the exec strategy: what is executed, and the variable by which the new program knows
  /// itself.
  std::string exec_path, token;
  std::vector<std::string> arguments, environment;

  /// What the launcher prints when the daemon does not become ready. `{pid}` and `{status}` are
  /// filled in: when they are needed, no thread of the program runs any more.
  struct Messages {
    std::string exited, killed, lost, late, late_extended, unanswered, interrupted;
    std::string waiting, ready;  // at a terminal; empty: nothing is said
  } messages;
};

}  // namespace tsdaemon
