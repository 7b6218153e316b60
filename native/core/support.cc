#include "support.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "files.h"
#include "forkall/lock_owners.h"
#include "forkall/syscalls.h"
#include "forkall/thread_block.h"
#include "scoped.h"

namespace tsdaemon {

namespace {

bool proc_is_mounted() {
  return access("/proc/self/task", R_OK) == 0 && access("/proc/self/smaps", R_OK) == 0;
}

bool is_traced() {
  const std::string status = read_file("/proc/self/status");
  const size_t field = status.find("TracerPid:");
  return field != std::string::npos && atoi(status.c_str() + field + strlen("TracerPid:")) != 0;
}

// A revived thread would return on an empty shadow stack.
bool has_shadow_stack() {
  unsigned long features = 0;
  return forkall::arch::shadow_stack_status(&features) == 0 && features != 0;
}

bool thread_block_is_known() {
  forkall::ThreadBlock block;
  int* clear_on_exit = nullptr;
  return block.find() && prctl(PR_GET_TID_ADDRESS, &clear_on_exit) == 0;
}

}  // namespace

Obstacle find_obstacle(const Descriptors& descriptors) {
  if (!proc_is_mounted()) return Obstacle::proc_missing;
  if (is_traced()) return Obstacle::tracer;
  if (has_shadow_stack()) return Obstacle::shadow_stack;
  if (!thread_block_is_known()) return Obstacle::thread_block;
  if (!forkall::lock_layout_is_known()) return Obstacle::lock_layout;
  if (descriptors.has_kernel_poller()) return Obstacle::kernel_poller;
  return Obstacle::none;
}

}  // namespace tsdaemon
