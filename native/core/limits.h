#pragma once

#include "plan.h"
#include "result.h"

namespace tsdaemon {

/// In the launcher: fails for what this process has no right to.
Failure check_limits(const Plan& plan);

/// In the daemon, with the rights of the launcher: resource limits, the nice value, and what the
/// kernel makes of it when memory runs out. Raw system calls.
Failure apply_limits(const Plan& plan);

}  // namespace tsdaemon
