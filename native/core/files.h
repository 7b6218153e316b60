#pragma once

#include <string>

namespace tsdaemon {

/// The whole of a file of /proc; empty if it cannot be read.
std::string read_file(const char* path);

}  // namespace tsdaemon
