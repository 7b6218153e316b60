#pragma once

#include <cstdint>

namespace tsdaemon::forkall {

/// Whether a thread with this proc_tid_stat(5) may run a line of the program again: not one that is
/// dead and not yet released, and not a worker of the kernel's own. What cannot be read may.
bool may_run_again(const char* stat);

/// What others may have sent to a thread, and changed of it.
struct TaskStatus {
  uint64_t pending_signals;
  uint64_t blocked_signals;
  uint64_t credentials;  // a hash
};

/// Of proc_tid_status(5); zeros for what is not there.
TaskStatus read_task_status(const char* text);

}  // namespace tsdaemon::forkall
