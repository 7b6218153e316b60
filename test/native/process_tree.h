#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tsdaemon::test {

/// The children of a process, their children, and so on.
std::vector<pid_t> descendants(pid_t ancestor);

/// Where every thread of a process stands, as the kernel sees it.
std::string thread_dump(pid_t pid);

/// Kills every descendant and reaps it. The process has to be a subreaper.
void kill_descendants();

}  // namespace tsdaemon::test
