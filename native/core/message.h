#pragma once

namespace tsdaemon {

/// Prints a line on stderr in one write, `{pid}` and `{status}` filled in, without memory of the
/// heap.
void print_message(const char* text, int pid, int status);

}  // namespace tsdaemon
