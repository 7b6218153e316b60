#pragma once

#include <vector>

namespace tsdaemon {

/// The pids of this process' children. A fork does not carry them: they stay the launcher's, and
/// the daemon would never learn of their end. Where the kernel does not name them (it was built
/// without CONFIG_PROC_CHILDREN) a 0 stands for them all.
std::vector<int> find_children();

}  // namespace tsdaemon
