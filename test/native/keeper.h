#pragma once

#include "harness.h"

namespace tsdaemon::test {

/// Runs a case in a fresh process and waits, until a deadline, for the end of everything that comes
/// of it; prints how it went. Returns true if it passed.
bool keep(const Case& one, int deadline_seconds);

}  // namespace tsdaemon::test
