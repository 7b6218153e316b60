#include "probe.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "numbers.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

// The kill(2) that ends it may be refused.
constexpr timespec lifetime{10, 0};

[[noreturn]] void stand(int parent) {
  raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Every signal is blocked, as it was when we were made.
  if (raw::syscall(SYS_getppid) == parent)
    raw::syscall(SYS_ppoll, 0, 0, raw::pointer(&lifetime), 0, 0);
  raw::exit_group(0);
}

}  // namespace

int Probe::open_smaps() {
  const int parent = raw::getpid();
  // No signal tells of its end, and no wait(2) of the program could find it.
  const long child = arch::clone_process(0, nullptr, nullptr);
  if (child == 0) stand(parent);
  if (raw::failed(child)) return static_cast<int>(child);
  pid_ = static_cast<int>(child);
  char path[sizeof("/proc//smaps") + decimal_size] = "/proc/";
  char* end = write_decimal(path + sizeof("/proc/") - 1, static_cast<unsigned>(pid_));
  for (const char* rest = "/smaps"; *rest != '\0';) *end++ = *rest++;
  *end = '\0';
  smaps_ = static_cast<int>(raw::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
  return smaps_;
}

bool Probe::stands() {
  const bool has_ended = pid_ != 0 && raw::syscall(SYS_wait4, pid_, 0, WNOHANG | __WALL, 0) != 0;
  // From now on its id may be another's.
  if (has_ended) pid_ = 0;
  return pid_ != 0;
}

void Probe::end() {
  if (smaps_ >= 0) raw::close(smaps_);
  smaps_ = -1;
  if (pid_ == 0) return;
  raw::syscall(SYS_kill, pid_, SIGKILL);
  while (raw::syscall(SYS_wait4, pid_, 0, __WALL, 0) == -EINTR) {
  }
  pid_ = 0;
}

}  // namespace tsdaemon::forkall
