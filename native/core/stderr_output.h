#pragma once

#include <cstddef>

namespace tsdaemon {

/// The launcher's stderr may be a pipe that nobody reads, or a terminal that is stopped: who writes
/// there waits, but not for ever, and not while a signal asks for attention. Raw system calls
/// alone.

/// A signalfd(2): nothing is waited for while it has a signal to tell.
void heed_while_writing(int signals);

/// False if stderr did not take it.
bool write_to_stderr(const char* text, size_t length);

}  // namespace tsdaemon
