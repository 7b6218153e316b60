#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "descriptors.h"
#include "log_follower.h"
#include "plan.h"
#include "result.h"
#include "scoped.h"

namespace tsdaemon {

/// The standard streams of the daemon.
class Stdio {
 public:
  /// In the launcher: opens what the streams will lead to, above 2, so that no stream is
  /// overwritten before it was copied.
  Failure open(const Plan& plan);

  /// In the launcher: what it shows of the daemon's errors until that is ready. Where stderr leads
  /// to /dev/null it leads to memory until then. Returns 0 or an errno.
  int follow_errors(const Plan& plan, LogFollower* follower);

  /// What stderr has to become when the daemon is ready, from now on the caller's; negative: it is.
  int final_stderr() const { return final_stderr_.get(); }
  int release_final_stderr() { return final_stderr_.release(); }

  /// Fails for a limit of open files, that there is or that is to be, below the numbers that
  /// `redirect` needs.
  Failure check_numbers(const Plan& plan, const Descriptors& descriptors) const;

  /// In the daemon, as the last step before it is complete: the epoll sets are shared with the
  /// launcher, which must find them untouched if a step fails. Returns 0 or an errno.
  int redirect(const Descriptors& descriptors) const;

  /// In the daemon, when it is ready: stderr leads to `final_stderr`, and no longer to memory. A
  /// child that has inherited the memory keeps it, but can no longer make it grow.
  static void leave_memory(int final_stderr);

  /// In the daemon, at any time: opens the log `path` anew and lets `stream` lead to it, and
  /// whichever of `copies` still lead to the old file. Returns 0; or an errno, and nothing has
  /// changed.
  static int reopen(int stream, const std::string& path, const std::vector<int>& copies);

 private:
  bool fits(const Descriptors& descriptors, uint64_t limit) const;

  std::array<ScopedFd, 3> targets_;  // not valid: inherited
  ScopedFd final_stderr_;
};

}  // namespace tsdaemon
