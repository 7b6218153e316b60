#include "own_proc.h"

#include "numbers.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

bool proc_is_ours() {
  char self[decimal_size + 1] = "";
  const long length = raw::syscall(SYS_readlinkat, AT_FDCWD, raw::pointer("/proc/self"),
                                   raw::pointer(self), decimal_size);
  return length > 0 && read_decimal(self) == static_cast<unsigned>(raw::getpid());
}

}  // namespace tsdaemon::forkall
