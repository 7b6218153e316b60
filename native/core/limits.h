#pragma once

#include <vector>

#include "plan.h"
#include "result.h"

namespace tsdaemon {

/// In the launcher: fails for what this process has no right to.
Failure check_limits(const Plan& plan);

/// In the daemon, with the rights of the launcher; raw system calls. What the kernel makes of it
/// when memory runs out: as long as there is /proc.
Failure apply_oom_score_adj(const Plan& plan);

/// The nice value of `threads`: the kernel keeps it by the thread. 0: this one.
Failure apply_nice(const Plan& plan, const std::vector<int>& threads);

/// Resource limits, raised and lowered.
Failure apply_limits(const Plan& plan);

/// Those that are higher than they are, which needs the rights of root.
Failure raise_limits(const Plan& plan);

/// Those that are lower, which anybody may, and few can take back: as late as can be.
Failure lower_limits(const Plan& plan);

}  // namespace tsdaemon
