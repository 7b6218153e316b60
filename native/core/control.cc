#include "control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "files.h"
#include "pid_text.h"

namespace tsdaemon {

namespace {

constexpr int max_attempts = 100;

Sight unknown(int error) { return {.state = Sight::State::unknown, .error = error}; }

/// A pid file, open for reading.
class PidFile {
 public:
  /// Returns 0 or an errno. O_NONBLOCK: a fifo must not hold us up.
  int open(const char* path) {
    path_ = path;
    file_.reset(::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file_.valid() || fstat(file_.get(), &status_) != 0) return errno;
    return S_ISREG(status_.st_mode) ? 0 : EINVAL;
  }

  /// Returns 0, EWOULDBLOCK if somebody holds the lock, or another errno. Shared, so that readers
  /// are in nobody's way but a starter's, which tries again for as long as this takes.
  int test_lock() const {
    if (flock(file_.get(), LOCK_SH | LOCK_NB) != 0) return errno;
    flock(file_.get(), LOCK_UN);
    return 0;
  }

  /// Returns 0 or an errno. `empty` but for white space, which takes the place of a pid to come.
  int read(bool* empty, int* pid) const {
    char buffer[32];
    const ssize_t length = pread(file_.get(), buffer, sizeof(buffer), 0);
    if (length < 0) return errno;
    const std::string_view text(buffer, static_cast<size_t>(length));
    *empty = text.find_first_not_of(white_space) == text.npos;
    *pid = parse_pid(text);
    return 0;
  }

  /// False once its daemon has removed it, or another file has its name.
  bool is_still_there() const {
    struct stat named {};
    return lstat(path_, &named) == 0 && same_file(status_, named);
  }

  bool may_be_open_in(int pid) const { return may_have_open(pid, status_); }

 private:
  const char* path_ = nullptr;
  ScopedFd file_;
  struct stat status_ {};
};

int open_process(int pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

/// Whoever holds the lock may end at any moment, and its pid be given to a stranger:
///
///     lock held    pid read    pidfd opened    lock held, same pid
///
/// The lock is held for as long as the daemon lives. Seen on both sides of the opening, and with
/// one pid, it was one daemon all along: what the pidfd leads to is that one, and stays it. But for
/// the instant in which a start has locked what a killed daemon has left, and not yet emptied it:
/// hence the process must have the file open as well.
///
/// False if what was seen is no longer so.
bool look_at_holder(const PidFile& file, Sight* sight) {
  bool empty = false;
  if (const int error = file.read(&empty, &sight->pid)) {
    *sight = unknown(error);
    return true;
  }
  sight->state = empty ? Sight::State::starting : Sight::State::foreign;
  if (sight->pid == 0) return true;

  sight->process.reset(open_process(sight->pid));
  if (!sight->process.valid()) {
    if (errno == ESRCH) return false;
    *sight = unknown(errno);
    return true;
  }
  int pid = 0;
  if (file.test_lock() != EWOULDBLOCK || file.read(&empty, &pid) != 0 || pid != sight->pid ||
      !file.is_still_there())
    return false;

  if (file.may_be_open_in(pid))
    sight->state = Sight::State::running;
  else
    sight->process.reset();
  return true;
}

// False as above.
bool look(const char* path, Sight* sight) {
  PidFile file;
  if (const int error = file.open(path)) {
    *sight = error == ENOENT ? Sight{.state = Sight::State::stopped} : unknown(error);
    return true;
  }
  const int lock = file.test_lock();
  if (lock == EWOULDBLOCK) return look_at_holder(file, sight);
  if (lock != 0) {
    *sight = unknown(lock);
    return true;
  }
  bool empty = false;
  if (const int error = file.read(&empty, &sight->pid)) {
    *sight = unknown(error);
    return true;
  }
  sight->state = empty ? Sight::State::stopped : Sight::State::dead;
  return file.is_still_there();
}

}  // namespace

Sight find_daemon(const std::string& pid_file) {
  Sight sight;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    sight = {};
    if (look(pid_file.c_str(), &sight)) return sight;
  }
  // Locked all the time, in the name of a process that there is not.
  sight.process.reset();
  sight.state = Sight::State::foreign;
  return sight;
}

int send_signal(int process, int signal) {
  return syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0 ? 0 : errno;
}

bool has_ended(int process) {
  pollfd fd{process, POLLIN, 0};
  return poll(&fd, 1, 0) == 1;
}

}  // namespace tsdaemon
