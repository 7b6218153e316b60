#include "support.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "files.h"
#include "forkall/lock_owners.h"
#include "forkall/own_proc.h"
#include "forkall/syscalls.h"
#include "forkall/thread_block.h"
#include "proc_field.h"
#include "scoped.h"

namespace tsdaemon {

namespace {

// Returns 0 or an errno.
int read_proc(std::string* status) {
  if (const int error = forkall::verify_own_proc()) return error;
  for (const char* path : {"/proc/self/task", "/proc/self/smaps"})
    if (access(path, R_OK) != 0) return errno;
  return read_file("/proc/self/status", status);
}

bool is_missing(int error) {
  return error == ENOENT || error == EACCES || error == EPERM || error == ENOTSUP;
}

bool is_traced(const std::string& status) { return proc_number(status, "TracerPid") != 0; }

// A revived thread would return on an empty shadow stack.
bool has_shadow_stack() {
  unsigned long features = 0;
  return forkall::arch::shadow_stack_status(&features) == 0 && features != 0;
}

bool thread_block_is_known() {
  forkall::ThreadBlock block;
  return block.find();
}

// A kernel without CONFIG_CHECKPOINT_RESTORE does not.
bool kernel_tells_tid_address() {
  int* clear_on_exit = nullptr;
  return prctl(PR_GET_TID_ADDRESS, &clear_on_exit) == 0;
}

Obstacle look_for_obstacle(const Descriptors& descriptors, const std::string& status) {
  if (is_traced(status)) return Obstacle::tracer;
  if (has_shadow_stack()) return Obstacle::shadow_stack;
  if (!thread_block_is_known()) return Obstacle::thread_block;
  if (!kernel_tells_tid_address()) return Obstacle::tid_address;
  if (!forkall::lock_layout_is_known()) return Obstacle::lock_layout;
  if (descriptors.has_kernel_poller()) return Obstacle::kernel_poller;
  return Obstacle::none;
}

}  // namespace

// That /proc could not be read for want of a descriptor or of memory is no obstacle.
int find_obstacle(const Descriptors& descriptors, Obstacle* obstacle) {
  std::string status;
  const int error = read_proc(&status);
  if (error != 0 && !is_missing(error)) return error;
  *obstacle = error != 0 ? Obstacle::proc_missing : look_for_obstacle(descriptors, status);
  return 0;
}

}  // namespace tsdaemon
