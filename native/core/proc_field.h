#pragma once

#include <string_view>

namespace tsdaemon {

/// What stands behind "NAME:" and white space in a file of lines such as proc_pid_status(5); empty
/// if there is no such line. A line begins with it: the name of a process, which is anything, is
/// the value of the first.
std::string_view proc_field(std::string_view text, std::string_view name);

/// The same as a number, which ends where its digits do; `absent` if there is none.
long proc_number(std::string_view text, std::string_view name, long absent = 0, int base = 10);

}  // namespace tsdaemon
