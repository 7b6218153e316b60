#include "descriptors.h"

#include <dirent.h>
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
#include <memory>

#include "files.h"
#include "forkall/syscalls.h"

namespace tsdaemon {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// proc_pid_stat(5): the seventh field, behind a name that may hold anything, as dev_t was once
// encoded.
dev_t controlling_terminal() {
  const std::string stat = read_file("/proc/self/stat");
  const size_t name_end = stat.rfind(')');
  unsigned number = 0;
  if (name_end == std::string::npos ||
      sscanf(stat.c_str() + name_end + 1, " %*c %*d %*d %*d %u", &number) != 1 || number == 0)
    return 0;
  return makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
}

int stat_of(int fd, struct stat* status) {
  return static_cast<int>(forkall::raw::syscall(SYS_fstat, fd, forkall::raw::pointer(status)));
}

}  // namespace

void InheritedFd::close() const {
  struct stat status {};
  if (stat_of(fd, &status) == 0 && status.st_dev == device && status.st_ino == inode)
    forkall::raw::close(fd);
}

int Descriptors::list() {
  learn_terminals();
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir("/proc/self/fd"));
  if (!directory) return errno;
  const int self = dirfd(directory.get());
  while (const dirent* entry = readdir(directory.get()))
    if (entry->d_name[0] != '.' && atoi(entry->d_name) != self) sort_in(self, entry->d_name);
  return 0;
}

void Descriptors::learn_terminals() {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status {};
    if (isatty(fd) == 1 && fstat(fd, &status) == 0)
      devices_.push_back({true, status.st_dev, status.st_rdev});
  }
  constexpr unsigned tty_major = 5;  // /dev/tty, which leads to the controlling terminal
  devices_.push_back({false, 0, makedev(tty_major, 0)});
  if (const dev_t number = controlling_terminal()) devices_.push_back({false, 0, number});
}

void Descriptors::sort_in(int directory, const char* name) {
  char target[64];
  const ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
  if (length <= 0) return;
  target[length] = '\0';
  const int fd = atoi(name);
  if (strcmp(target, "anon_inode:[eventpoll]") == 0) {
    epolls_.push_back(fd);
  } else if (strcmp(target, "anon_inode:[io_uring]") == 0) {
    const std::string info = read_file(("/proc/self/fdinfo/" + std::string(name)).c_str());
    const size_t poller = info.find("SqThread:");
    if (poller != std::string::npos && atoi(info.c_str() + poller + strlen("SqThread:")) > 0)
      has_kernel_poller_ = true;
  } else if (fd > STDERR_FILENO && strncmp(target, "anon_inode:", strlen("anon_inode:")) != 0) {
    if (is_terminal(fd)) {
      terminals_.push_back(fd);
      return;
    }
    const ino_t pipe = strncmp(target, "pipe:[", strlen("pipe:[")) == 0
                           ? static_cast<ino_t>(strtoull(target + strlen("pipe:["), nullptr, 10))
                           : 0;
    candidates_.push_back({fd, pipe, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY});
  }
}

std::vector<InheritedFd> Descriptors::inherited(const std::vector<int>& kept) const {
  const auto has_other_end = [this](const Candidate& one) {
    return one.pipe != 0 &&
           std::any_of(candidates_.begin(), candidates_.end(), [&one](const Candidate& other) {
             return other.pipe == one.pipe && other.writes != one.writes;
           });
  };
  std::vector<InheritedFd> inherited;
  for (const Candidate& candidate : candidates_) {
    struct stat status {};
    if (std::find(kept.begin(), kept.end(), candidate.fd) == kept.end() &&
        !has_other_end(candidate) && !is_watched(candidate.fd) &&
        stat_of(candidate.fd, &status) == 0)
      inherited.push_back({candidate.fd, status.st_dev, status.st_ino});
  }
  return inherited;
}

// proc_pid_fdinfo(5) of an epoll set: a line "tfd: 17 events: …" for each.
bool Descriptors::is_watched(int fd) const {
  const std::string entry = "tfd:";
  for (const int epoll : epolls_) {
    const std::string info = read_file(("/proc/self/fdinfo/" + std::to_string(epoll)).c_str());
    for (size_t at = 0; (at = info.find(entry, at)) != std::string::npos; at += entry.size())
      if (atoi(info.c_str() + at + entry.size()) == fd) return true;
  }
  return false;
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
