#include "task_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "numbers.h"
#include "syscalls.h"

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

// "id (name) state ppid pgrp session tty tpgid flags …"; a name may hold a ")".
const char* state_in(const char* stat) {
  const char* end_of_name = strrchr(stat, ')');
  return end_of_name == nullptr ? nullptr : end_of_name + 2;
}

bool is_worker_of_kernel(const char* state) {
  constexpr unsigned pf_io_worker = 0x10;
  const char* field = state;
  for (int skipped = 0; skipped < 6; ++skipped) {
    field = strchr(field, ' ');
    if (field == nullptr) return false;
    ++field;
  }
  return (read_decimal(field) & pf_io_worker) != 0;
}

}  // namespace

TaskDirectory::~TaskDirectory() {
  if (fd_ >= 0) raw::close(fd_);
}

int TaskDirectory::open() {
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

bool TaskDirectory::runs(int id) const {
  if (raw::tgkill(raw::getpid(), id, 0) == -ESRCH) return false;
  char stat[256];
  const long length = read_file(id, "/stat", stat, sizeof(stat));
  if (length == -ESRCH || length == -ENOENT) return false;
  const char* state = length > 0 ? state_in(stat) : nullptr;
  if (state == nullptr) return true;
  return *state != 'Z' && *state != 'X' && !is_worker_of_kernel(state);
}

// proc_pid_status(5). A list of groups may be long, and "SigPnd:" is behind it.
TaskDirectory::Status TaskDirectory::status(int id) {
  constexpr char first[] = "\nUid:", groups[] = "\nGroups:", pending[] = "\nSigPnd:\t";
  Status status{};
  if (read_file(id, "/status", entries_, entries_size) <= 0) return status;
  const char* at = strstr(entries_, first);
  const char* last = strstr(entries_, groups);
  const char* end = last == nullptr ? nullptr : strchr(last + 1, '\n');
  for (; at != nullptr && at < end; ++at)
    status.credentials = (status.credentials ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  const char* field = strstr(entries_, pending);
  if (field == nullptr) return status;
  field += sizeof(pending) - 1;
  status.pending_signals = read_hexadecimal(&field);
  return status;
}

}  // namespace tsdaemon::forkall
