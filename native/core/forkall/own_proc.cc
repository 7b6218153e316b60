#include "own_proc.h"

#include <cerrno>

#include "numbers.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

int verify_own_proc() {
  char self[decimal_size + 1] = "";
  const long length = raw::syscall(SYS_readlinkat, AT_FDCWD, raw::pointer("/proc/self"),
                                   raw::pointer(self), decimal_size);
  if (raw::failed(length)) return static_cast<int>(-length);
  return read_decimal(self) == static_cast<unsigned>(raw::getpid()) ? 0 : ENOTSUP;
}

}  // namespace tsdaemon::forkall
