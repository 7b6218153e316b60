#pragma once

#include <string>
#include <vector>

namespace tsdaemon {

/// The whole of a file of /proc; empty if it cannot be read.
std::string read_file(const char* path);

/// The ids of all threads of this process.
std::vector<int> thread_ids();

}  // namespace tsdaemon
