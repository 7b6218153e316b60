#include "descriptors.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "files.h"
#include "forkall/syscalls.h"
#include "proc_field.h"

namespace tsdaemon {

namespace {

// proc_pid_stat(5): the seventh field, behind a name that may hold anything, as dev_t was once
// encoded; 0: there is none. Returns 0 or an errno.
int find_controlling_terminal(dev_t* device) {
  std::string stat;
  if (const int error = read_file("/proc/self/stat", &stat)) return error;
  const size_t name_end = stat.rfind(')');
  unsigned number = 0;
  if (name_end == std::string::npos ||
      sscanf(stat.c_str() + name_end + 1, " %*c %*d %*d %*d %u", &number) != 1 || number == 0)
    return 0;
  *device = makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
  return 0;
}

// Of a descriptor that is named in /proc: another thread may have closed it meanwhile.
int unless_closed(int error) { return error == ENOENT || error == EBADF ? 0 : error; }

int stat_of(int fd, struct stat* status) {
  return static_cast<int>(forkall::raw::syscall(SYS_fstat, fd, forkall::raw::pointer(status)));
}

}  // namespace

int InheritedFd::close() const {
  struct stat status {};
  if (const int error = -stat_of(fd, &status)) return unless_closed(error);
  if (status.st_dev == device && status.st_ino == inode) forkall::raw::close(fd);
  return 0;
}

// One that is passed over would not be closed, or its other end be taken for inherited: what cannot
// be looked at fails the start.
int Descriptors::list() {
  if (const int error = learn_terminals()) return error;
  return each_entry("/proc/self/fd", [this](int self, const dirent& entry) {
    return atoi(entry.d_name) == self ? 0 : unless_closed(sort_in(self, entry.d_name));
  });
}

int Descriptors::learn_terminals() {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status {};
    // EIO: it was hung up.
    const bool is_terminal = isatty(fd) == 1 || errno == EIO;
    if (is_terminal && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode))
      devices_.push_back({true, status.st_dev, status.st_rdev});
  }
  constexpr unsigned tty_major = 5;  // /dev/tty, which leads to the controlling terminal
  devices_.push_back({false, 0, makedev(tty_major, 0)});
  dev_t controlling = 0;
  if (const int error = find_controlling_terminal(&controlling)) return error;
  if (controlling != 0) devices_.push_back({false, 0, controlling});
  return 0;
}

int Descriptors::sort_in(int directory, const char* name) {
  char target[64];
  const ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
  if (length < 0) return errno;
  target[length] = '\0';
  const int fd = atoi(name);
  if (strcmp(target, "anon_inode:[eventpoll]") == 0) {
    epolls_.push_back(fd);
  } else if (strcmp(target, "anon_inode:[io_uring]") == 0) {
    std::string info;
    if (const int error = read_file("/proc/self/fdinfo/" + std::string(name), &info)) return error;
    if (proc_number(info, "SqThread") > 0) has_kernel_poller_ = true;
  } else if (fd > STDERR_FILENO && strncmp(target, "anon_inode:", strlen("anon_inode:")) != 0) {
    if (is_terminal(fd)) {
      terminals_.push_back(fd);
      return 0;
    }
    const ino_t pipe = strncmp(target, "pipe:[", strlen("pipe:[")) == 0
                           ? static_cast<ino_t>(strtoull(target + strlen("pipe:["), nullptr, 10))
                           : 0;
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return errno;
    candidates_.push_back({fd, pipe, (flags & O_ACCMODE) == O_WRONLY});
  }
  return 0;
}

int Descriptors::find_inherited(const std::vector<int>& kept, const std::vector<int>& in_use,
                                std::vector<InheritedFd>* inherited) const {
  const auto has_other_end = [this](const Candidate& one) {
    return one.pipe != 0 &&
           std::any_of(candidates_.begin(), candidates_.end(), [&one](const Candidate& other) {
             return other.pipe == one.pipe && other.writes != one.writes;
           });
  };
  std::vector<int> watched;
  if (const int error = find_watched(&watched)) return error;
  const auto has = [](const std::vector<int>& fds, int fd) {
    return std::find(fds.begin(), fds.end(), fd) != fds.end();
  };
  for (const Candidate& candidate : candidates_) {
    if (has(kept, candidate.fd) || has(in_use, candidate.fd) || has(watched, candidate.fd) ||
        has_other_end(candidate))
      continue;
    struct stat status {};
    if (const int error = unless_closed(-stat_of(candidate.fd, &status))) return error;
    inherited->push_back({candidate.fd, status.st_dev, status.st_ino});
  }
  return 0;
}

// proc_pid_fdinfo(5) of an epoll set: a line "tfd: 17 events: …" for each.
int Descriptors::find_watched(std::vector<int>* watched) const {
  const std::string entry = "tfd:";
  for (const int epoll : epolls_) {
    std::string info;
    const std::string path = "/proc/self/fdinfo/" + std::to_string(epoll);
    if (const int error = unless_closed(read_file(path, &info))) return error;
    for (size_t at = 0; (at = info.find(entry, at)) != std::string::npos; at += entry.size())
      watched->push_back(atoi(info.c_str() + at + entry.size()));
  }
  return 0;
}

bool Descriptors::is_terminal(int fd) const {
  struct stat status {};
  if (stat_of(fd, &status) != 0 || !S_ISCHR(status.st_mode)) return false;
  for (const Device& device : devices_)
    if (status.st_rdev == device.number &&
        (!device.known_filesystem || status.st_dev == device.filesystem))
      return true;
  return false;
}

void Descriptors::unwatch(int fd) const {
  for (const int epoll : epolls_) forkall::raw::syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, fd, 0);
}

}  // namespace tsdaemon
