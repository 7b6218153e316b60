#pragma once

#include <vector>

namespace tsdaemon {

/// Whether this process has any child, be it a zombie. A raw system call.
bool has_children();

/// The pids of this process' children. A fork does not carry them: they stay the launcher's, and
/// the daemon would never learn of their end. Where the kernel does not name them (it was built
/// without CONFIG_PROC_CHILDREN) a 0 stands for them all.
std::vector<int> find_children();

}  // namespace tsdaemon
