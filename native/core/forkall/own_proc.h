#pragma once

namespace tsdaemon::forkall {

/// Whether /proc tells of this process by the ids that this process knows. In a pid namespace where
/// the /proc of another is still mounted (unshare --pid) every id there is a stranger's. By raw
/// system calls.
bool proc_is_ours();

}  // namespace tsdaemon::forkall
