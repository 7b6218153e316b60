#include "lock_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "files.h"
#include "forkall/numbers.h"
#include "forkall/syscalls.h"
#include "pid_text.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

constexpr mode_t file_mode = 0644;
constexpr int max_attempts = 100;

// A reader that looks whether the lock is held takes it for an instant.
constexpr int reader_ms = 20;

// From another start's lock to the file that it has emptied; and to its daemon's pid in there.
constexpr int empty_ms = 500;
constexpr int holder_ms = 10'000;
constexpr int tick_ms = 2;

Failure pid_file_failure(int error) { return {.step = Step::pid_file_, .error = error}; }

struct Holder {
  bool is_named;  // something stands in the file
  int pid;        // 0: not that of a process which may have it open
};

Holder holder_of(int file) {
  char text[max_pid_text];
  const ssize_t length = pread(file, text, sizeof(text), 0);
  const std::string_view named(text, length <= 0 ? 0 : static_cast<size_t>(length));
  const int pid = parse_pid(named);
  struct stat status {};
  const bool is_there = pid != 0 && (kill(pid, 0) == 0 || errno == EPERM);
  const bool holds = is_there && fstat(file, &status) == 0 && may_have_open(pid, status);
  return {named.find_first_not_of(white_space) != named.npos, holds ? pid : 0};
}

int write_text(int file, const char* text, long length) {
  long written = 0;
  do written = raw::syscall(SYS_pwrite64, file, raw::pointer(text), length, 0);
  while (written == -EINTR);
  if (written < 0) return static_cast<int>(-written);
  return written == length ? 0 : ENOSPC;
}

}  // namespace

Failure LockFile::acquire(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
  name_ = path.substr(slash + 1);
  directory_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory_.valid()) return pid_file_failure(errno);

  // Locked, and yet not the file of that name any more: its holder has just removed it.
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    Failure failure;
    switch (try_acquire(&failure)) {
      case Attempt::locked:
        return {};
      case Attempt::failed:
        // Held by another, it is no longer ours, even if we have made it.
        if (failure.error != EWOULDBLOCK && created_) remove();
        file_.reset();
        return failure;
      case Attempt::replaced:
        file_.reset();
    }
  }
  return pid_file_failure(ELOOP);
}

LockFile::Attempt LockFile::try_acquire(Failure* failure) {
  const int error = open_file();
  if (error == ENOENT) return Attempt::replaced;
  if (error != 0) {
    *failure = pid_file_failure(error);
    return Attempt::failed;
  }
  *failure = lock();
  if (*failure) return Attempt::failed;

  bool is_named = false;
  if (const int failed = look_for_name(&is_named)) {
    *failure = pid_file_failure(failed);
    return Attempt::failed;
  }
  if (!is_named) return Attempt::replaced;
  if (const int strange = look_at_text()) {
    *failure = pid_file_failure(strange);
    return Attempt::failed;
  }

  // What a dead daemon has left must not be read as the pid of the lock's new holder.
  if (ftruncate(file_.get(), 0) != 0) {
    *failure = pid_file_failure(errno);
    return Attempt::failed;
  }
  return Attempt::locked;
}

// Whether what we have locked is still the file of that name. Returns 0 or an errno.
int LockFile::look_for_name(bool* is_named) const {
  struct stat locked {
  }, named{};
  if (fstat(file_.get(), &locked) != 0) return errno;
  if (fstatat(directory_.get(), name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? 0 : errno;
  *is_named = same_file(locked, named);
  return 0;
}

// Returns 0, EEXIST for a file that is none of a daemon, or another errno.
int LockFile::look_at_text() const {
  char text[max_pid_text + 1];
  const ssize_t length = pread(file_.get(), text, sizeof(text), 0);
  if (length < 0) return errno;
  return may_be_pid_text({text, static_cast<size_t>(length)}) ? 0 : EEXIST;
}

// Without O_CREAT where the file exists: in a sticky directory the kernel may forbid to "create"
// the file of another (fs.protected_regular). O_NONBLOCK: a fifo must not hold us up.
int LockFile::open_file() {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const char* name = name_.c_str();
  file_.reset(openat(directory_.get(), name, flags | O_CREAT | O_EXCL, file_mode));
  created_ = file_.valid();
  if (created_) {
    fchmod(file_.get(), file_mode);
    return 0;
  }
  if (errno != EEXIST) return errno;
  file_.reset(openat(directory_.get(), name, flags));
  if (!file_.valid()) return errno;
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  // It would be emptied under its other name as well.
  return status.st_nlink > 1 ? EMLINK : 0;
}

Failure LockFile::lock() const {
  for (int waited = 0;; waited += tick_ms) {
    if (flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return {.step = Step::lock_, .error = errno};
    const Holder holder = waited < reader_ms ? Holder{} : holder_of(file_.get());
    if (holder.pid != 0 || waited >= (holder.is_named ? empty_ms : holder_ms))
      return {.step = Step::lock_, .error = EWOULDBLOCK, .pid = holder.pid};
    poll(nullptr, 0, tick_ms);
  }
}

// An empty line is no pid to anybody, and holds the block of the file system that the pid goes to.
int LockFile::reserve() const { return write_text(file_.get(), "\n", 1); }

int LockFile::write(int file, int pid) {
  char text[forkall::decimal_size + 1];
  char* end = forkall::write_decimal(text, static_cast<unsigned>(pid));
  *end++ = '\n';
  return write_text(file, text, end - text);
}

void LockFile::remove(int file, int directory, const char* name) {
  if (file < 0) return;
  struct stat locked {
  }, named{};
  const bool is_ours = raw::syscall(SYS_fstat, file, raw::pointer(&locked)) == 0 &&
                       raw::syscall(SYS_newfstatat, directory, raw::pointer(name),
                                    raw::pointer(&named), AT_SYMLINK_NOFOLLOW) == 0 &&
                       same_file(locked, named);
  if (is_ours && raw::syscall(SYS_unlinkat, directory, raw::pointer(name), 0) < 0)
    raw::syscall(SYS_ftruncate, file, 0);
}

void LockFile::give_up() const {
  if (created_)
    remove();
  else if (file_.valid())
    raw::syscall(SYS_ftruncate, file_.get(), 0);
}

}  // namespace tsdaemon
