#pragma once

#include <string_view>

namespace tsdaemon {

/// What stands around a pid, and in its place while it is to come.
inline constexpr std::string_view white_space = " \t\r\n";

/// A whole, decimal pid and white space, as every daemon writes it; 0 for anything else.
int parse_pid(std::string_view text);

}  // namespace tsdaemon
