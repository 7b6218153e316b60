#pragma once

#include "core/plan.h"
#include "core/result.h"

namespace tsdaemon::test {

/// A plan that changes nothing: not the directory, not the umask, not the streams.
Plan quiet_plan();

/// Makes a daemon of this process, in the way of the case. Returns in the daemon; or, with the step
/// that failed, in the launcher.
Failure try_start(const Plan& plan = quiet_plan());

/// The same, and it may not fail.
void become_daemon();

}  // namespace tsdaemon::test
