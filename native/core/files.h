#pragma once

#include <string>

namespace tsdaemon {

/// The whole of a file of /proc that is smaller than a page; empty if it cannot be read.
std::string read_small_file(const char* path);

}  // namespace tsdaemon
