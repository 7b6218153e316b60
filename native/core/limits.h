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

/// Resource limits: an ordinary user cannot take them back, so as late as can be.
Failure apply_limits(const Plan& plan);

}  // namespace tsdaemon
