#include "task_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "numbers.h"
#include "own_proc.h"
#include "syscalls.h"
#include "task_text.h"

namespace tsdaemon::forkall {

namespace {

constexpr size_t entries_size = 32 * 1024;

struct Entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

}  // namespace

TaskDirectory::~TaskDirectory() {
  if (fd_ >= 0) raw::close(fd_);
}

int TaskDirectory::open() {
  if (const int error = verify_own_proc()) return error;
  fd_ = static_cast<int>(
      raw::openat(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd_ < 0) return -fd_;
  const int error = workspace_.map(Workspace::size_of<char>(entries_size));
  if (error == 0) entries_ = workspace_.cut<char>(entries_size);
  return error;
}

// Each has one link to the directory, as "." and ".." have.
long TaskDirectory::count() const {
  struct stat status {};
  const long error =
      raw::syscall(SYS_newfstatat, fd_, raw::pointer(""), raw::pointer(&status), AT_EMPTY_PATH);
  return raw::failed(error) ? error : static_cast<long>(status.st_nlink) - 2;
}

void TaskDirectory::rewind() const { raw::rewind(fd_); }

long TaskDirectory::read_entries() { return raw::getdents(fd_, entries_, entries_size); }

int TaskDirectory::next_id(long* at) const {
  const auto* entry = reinterpret_cast<const Entry*>(entries_ + *at);
  *at += entry->length;
  return static_cast<int>(read_decimal(entry->name));
}

// Returns the length, and ends the text; or a negated errno.
long TaskDirectory::read_file(int id, const char* name, char* out, size_t size) const {
  char path[decimal_size + 16];
  strcpy(write_decimal(path, static_cast<unsigned>(id)), name);
  const int fd = static_cast<int>(raw::openat(fd_, path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  size_t held = 0;
  long length = 0;
  while (held < size - 1 && (length = raw::read(fd, out + held, size - 1 - held)) > 0)
    held += static_cast<size_t>(length);
  raw::close(fd);
  out[held] = '\0';
  return held > 0 ? static_cast<long>(held) : length;
}

// A thread taken for gone is not carried over, so that a file which cannot be opened proves
// nothing.
bool TaskDirectory::runs(int id) const {
  char stat[256];
  if (read_file(id, "/stat", stat, sizeof(stat)) > 0 && !may_run_again(stat)) return false;
  return raw::tgkill(raw::getpid(), id, 0) != -ESRCH;
}

TaskStatus TaskDirectory::status(int id) {
  return read_file(id, "/status", entries_, entries_size) > 0 ? read_task_status(entries_)
                                                              : TaskStatus{};
}

}  // namespace tsdaemon::forkall
