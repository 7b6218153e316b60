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
  const long length = raw::read(fd, out, size - 1);
  raw::close(fd);
  out[length > 0 ? length : 0] = '\0';
  return length;
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

// proc_pid_status(5)
uint64_t TaskDirectory::pending_signals(int id) const {
  char status[2048];
  constexpr char key[] = "\nSigPnd:\t";
  if (read_file(id, "/status", status, sizeof(status)) <= 0) return 0;
  const char* field = strstr(status, key);
  if (field == nullptr) return 0;
  field += sizeof(key) - 1;
  return read_hexadecimal(&field);
}

}  // namespace tsdaemon::forkall
