#pragma once

namespace tsdaemon::forkall {

/// Whether /proc tells of this process by the ids that this process knows. In a pid namespace where
/// the /proc of another is still mounted (unshare --pid) every id there is a stranger's. By raw
/// system calls. Returns 0, ENOTSUP if it does not, or the errno of what kept it from being seen.
int verify_own_proc();

}  // namespace tsdaemon::forkall
