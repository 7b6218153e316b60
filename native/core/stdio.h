#pragma once

#include <array>

#include "descriptors.h"
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

  /// In the daemon, as the last step before it is complete: the epoll sets are shared with the
  /// launcher, which must find them untouched if a step fails. Returns 0 or an errno.
  int redirect(const Descriptors& descriptors) const;

 private:
  std::array<ScopedFd, 3> targets_;  // not valid: inherited
};

}  // namespace tsdaemon
