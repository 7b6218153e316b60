#pragma once

#include "threads.h"

// Robust and priority-inheriting mutexes, which hold an id in the word that the kernel reads, and
// which a thread was taking or letting go when it was stopped.
namespace tsdaemon::forkall {

/// Whether a thread that is awake has read its id, or has it in the lock word, and is not done.
bool is_changing_lock(const Thread& thread);

/// A thread that sleeps until it gets such a mutex has its id in a register or on its stack, to
/// store it then. In the daemon, before the thaw: makes it the new one.
void mend_lock_waiters(const Threads& threads);

}  // namespace tsdaemon::forkall
