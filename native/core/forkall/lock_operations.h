#pragma once

#include "threads.h"

// Mutexes that know their holder by its id, and that a thread was taking or letting go when it was
// stopped: its id is in a register, on its stack, or in the first word of the mutex alone.
namespace tsdaemon::forkall {

/// Whether a thread that is awake has read its id, or has it in the lock word, and is not done.
bool is_changing_lock(const Thread& thread);

/// A thread that sleeps until it gets such a mutex may have read its id before, to store it then.
/// In the daemon, before the thaw: makes it the new one.
void mend_lock_waiters(const Threads& threads);

}  // namespace tsdaemon::forkall
