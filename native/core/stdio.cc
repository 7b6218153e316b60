#include "stdio.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace {

constexpr mode_t log_mode = 0640;
constexpr int first_free = 3;

int copy_above_stdio(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, first_free); }

// O_NONBLOCK for the opening alone, which would wait for the other end of a fifo.
int open_without_waiting(const char* path, int flags) {
  ScopedFd file(::open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, log_mode));
  if (!file.valid()) return -1;
  const int status = fcntl(file.get(), F_GETFL);
  if (status < 0 || fcntl(file.get(), F_SETFL, status & ~O_NONBLOCK) != 0) return -1;
  return file.get() >= first_free ? file.release() : copy_above_stdio(file.get());
}

int open_log(const std::string& path) {
  return open_without_waiting(path.c_str(), O_WRONLY | O_APPEND | O_CREAT);
}

int open_target(const StreamTarget& target, bool reads) {
  switch (target.kind) {
    case StreamTarget::Kind::null:
      return open_without_waiting("/dev/null", reads ? O_RDONLY : O_RDWR);
    case StreamTarget::Kind::path:
      return reads ? open_without_waiting(target.path.c_str(), O_RDONLY) : open_log(target.path);
    default:
      return copy_above_stdio(target.descriptor);
  }
}

// dup2(2): EBUSY is a race with the open(2) of another thread, which may wait in it for a fifo.
long duplicate(int from, int to, int flags) {
  constexpr uint64_t patience_ns = 1'000'000'000;
  const uint64_t deadline = forkall::raw::now_ns() + patience_ns;
  long result = 0;
  do result = forkall::raw::syscall(SYS_dup3, from, to, flags);
  while ((result == -EBUSY || result == -EINTR) && forkall::raw::now_ns() < deadline);
  return result;
}

// Where it cannot be told dup2(2) has the last word.
uint64_t limit_now() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  forkall::raw::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, forkall::raw::pointer(&limit));
  return limit.rlim_cur;
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

int Stdio::follow_errors(const Plan& plan, LogFollower* follower) {
  const StreamTarget& target = plan.streams[STDERR_FILENO];
  if (target.kind == StreamTarget::Kind::path) {
    const StreamTarget& output = plan.streams[STDOUT_FILENO];
    // EACCES: it may be written to alone, and is not shown.
    const int log = open_without_waiting(target.path.c_str(), O_RDONLY);
    if (log < 0 && errno != EACCES) return errno;
    follower->follow(log, output.kind == target.kind && output.path == target.path);
  } else if (target.kind == StreamTarget::Kind::null) {
    const long created = forkall::raw::syscall(SYS_memfd_create, forkall::raw::pointer("stderr"),
                                               MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (forkall::raw::failed(created)) return static_cast<int>(-created);
    ScopedFd memory(static_cast<int>(created));
    if (fcntl(memory.get(), F_SETFL, O_APPEND) != 0) return errno;
    const int shown = copy_above_stdio(memory.get());
    if (shown < 0) return errno;
    final_stderr_ = std::move(targets_[STDERR_FILENO]);
    targets_[STDERR_FILENO] = std::move(memory);
    follower->follow(shown, false);
  }
  return 0;
}

// Sealed when nobody of ours writes there any more: it would be an error.
void Stdio::leave_memory(int final_stderr) {
  const ScopedFd memory(copy_above_stdio(STDERR_FILENO));
  dup2(final_stderr, STDERR_FILENO);
  if (memory.valid()) fcntl(memory.get(), F_ADD_SEALS, F_SEAL_GROW);
}

// dup2(2) refuses a number that the limit has come to forbid. What is watched is so in the
// launcher's epoll sets as well, and would not be any more after a step that failed.
bool Stdio::fits(const Descriptors& descriptors, uint64_t limit) const {
  const auto is_forbidden = [limit](int fd) { return static_cast<uint64_t>(fd) >= limit; };
  for (int fd = 0; fd < static_cast<int>(targets_.size()); ++fd)
    if (targets_[static_cast<size_t>(fd)].valid() && is_forbidden(fd)) return false;
  const ScopedFd& output = targets_[STDOUT_FILENO];
  if (descriptors.is_terminal(output.valid() ? output.get() : STDOUT_FILENO)) return true;
  const std::vector<int>& terminals = descriptors.terminals();
  return std::none_of(terminals.begin(), terminals.end(), is_forbidden);
}

Failure Stdio::check_numbers(const Plan& plan, const Descriptors& descriptors) const {
  if (plan.limit_nofile >= 0 && !fits(descriptors, static_cast<uint64_t>(plan.limit_nofile)))
    return {.step = Step::limits_, .error = EBADF};
  return fits(descriptors, limit_now()) ? Failure{}
                                        : Failure{.step = Step::stdout_, .error = EBADF};
}

// Another descriptor of the terminal follows stdout: it is a stream of the program, and what it
// writes must not be lost.
int Stdio::redirect(const Descriptors& descriptors) const {
  if (!fits(descriptors, limit_now())) return EBADF;
  for (int fd = 0; fd < static_cast<int>(targets_.size()); ++fd) {
    const ScopedFd& target = targets_[static_cast<size_t>(fd)];
    if (!target.valid()) continue;
    descriptors.unwatch(fd);
    const long result = duplicate(target.get(), fd, 0);
    if (result < 0) return static_cast<int>(-result);
  }
  if (descriptors.is_terminal(STDOUT_FILENO)) return 0;
  for (const int fd : descriptors.terminals()) {
    if (!descriptors.is_terminal(fd)) continue;
    descriptors.unwatch(fd);
    const long result = duplicate(STDOUT_FILENO, fd, O_CLOEXEC);
    if (result < 0) return static_cast<int>(-result);
  }
  return 0;
}

int Stdio::reopen(int stream, const std::string& path, const std::vector<int>& copies) {
  struct stat old {};
  if (fstat(stream, &old) != 0) return errno;
  const ScopedFd fresh(open_log(path));
  if (!fresh.valid()) return errno;
  // Its number may have been closed, and given to another file, long ago.
  const auto is_copy = [&old](int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && status.st_dev == old.st_dev && status.st_ino == old.st_ino;
  };
  for (const int copy : copies)
    if (is_copy(copy) && dup3(fresh.get(), copy, O_CLOEXEC) < 0) return errno;
  return dup2(fresh.get(), stream) < 0 ? errno : 0;
}

}  // namespace tsdaemon
