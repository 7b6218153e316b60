#pragma once

namespace tsdaemon::test {

/// True if the calling thread is main between freeze and thaw, or one that is parked.
bool is_frozen();

/// Ends the process if the calling thread is frozen. Called by everything that interpose.cc stands
/// in for, in every case of this program.
void forbid_while_frozen(const char* function);

}  // namespace tsdaemon::test
