#pragma once

#include <cstddef>
#include <string_view>

namespace tsdaemon {

/// What stands around a pid, and in its place while it is to come.
inline constexpr std::string_view white_space = " \t\r\n";

/// A whole, decimal pid and white space, as every daemon writes it; 0 for anything else.
int parse_pid(std::string_view text);

/// Longer is no text of a pid.
inline constexpr size_t max_pid_text = 64;

/// Whether this may be what a daemon has left in its file, or a crash of the machine of that; else
/// the file is somebody's, who has named it by mistake.
bool may_be_pid_text(std::string_view text);

}  // namespace tsdaemon
