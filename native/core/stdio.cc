#include "stdio.h"

#include <fcntl.h>

#include <cerrno>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace {

constexpr mode_t log_mode = 0640;
constexpr int first_free = 3;

int copy_above_stdio(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, first_free); }

// O_NONBLOCK for the opening alone, which would wait for the other end of a fifo.
int open_without_waiting(const char* path, int flags) {
  const int fd = ::open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, log_mode);
  if (fd < 0) return fd;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  if (fd >= first_free) return fd;
  const ScopedFd low(fd);
  return copy_above_stdio(fd);
}

int open_target(const StreamTarget& target, bool reads) {
  switch (target.kind) {
    case StreamTarget::Kind::null:
      return open_without_waiting("/dev/null", O_RDWR);
    case StreamTarget::Kind::path:
      return open_without_waiting(target.path.c_str(),
                                  reads ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT);
    default:
      return copy_above_stdio(target.descriptor);
  }
}

}  // namespace

Failure Stdio::open(const Plan& plan) {
  constexpr Step steps[] = {Step::stdin_, Step::stdout_, Step::stderr_};
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (plan.streams[i].kind == StreamTarget::Kind::inherit) continue;
    targets_[i].reset(open_target(plan.streams[i], i == 0));
    if (!targets_[i].valid()) return {.step = steps[i], .error = errno};
  }
  return {};
}

// Another descriptor of the terminal follows stdout: it is a stream of the program, and what it
// writes must not be lost.
int Stdio::redirect(const Descriptors& descriptors) const {
  using forkall::raw::syscall;
  for (int fd = 0; fd < static_cast<int>(targets_.size()); ++fd) {
    const ScopedFd& target = targets_[static_cast<size_t>(fd)];
    if (!target.valid()) continue;
    descriptors.unwatch(fd);
    const long result = syscall(SYS_dup3, target.get(), fd, 0);
    if (result < 0) return static_cast<int>(-result);
  }
  if (descriptors.is_terminal(STDOUT_FILENO)) return 0;
  for (const int fd : descriptors.terminals()) {
    if (!descriptors.is_terminal(fd)) continue;
    descriptors.unwatch(fd);
    const long result = syscall(SYS_dup3, STDOUT_FILENO, fd, O_CLOEXEC);
    if (result < 0) return static_cast<int>(-result);
  }
  return 0;
}

}  // namespace tsdaemon
