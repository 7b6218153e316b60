#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

namespace tsdaemon {

/// A descriptor that is to be closed in the daemon. Until the threads stand still its number may
/// get another meaning.
struct InheritedFd {
  int fd;
  dev_t device;
  ino_t inode;

  /// By raw system calls, if it still leads where it did. Returns 0 or an errno.
  int close() const;
};

/// What the open descriptors of the process are, as far as a fork has to care: which lead to the
/// launcher's terminal, which are epoll sets, which io_uring rings have a poller in the kernel.
///
/// A tty stream opens the terminal a second time under another number (libuv's `uv_tty_init`), so
/// that closing 0 to 2 would not let the terminal go.
class Descriptors {
 public:
  /// Returns 0 or an errno.
  int list();

  bool has_kernel_poller() const { return has_kernel_poller_; }

  /// Above 2, and leading to a terminal that is one of 0 to 2 or the controlling one.
  const std::vector<int>& terminals() const { return terminals_; }

  /// What this process was started with beyond 0 to 2: a pipe of the one who started it, a lock.
  /// Never what Node itself or a preload has opened, which are anonymous inodes, pipes of which we
  /// hold both ends, whatever is watched by an epoll set of ours, and what is `in_use`. A file that
  /// a preload opened looks like an inherited one, and has to be among `kept`.
  /// Returns 0 or an errno.
  int find_inherited(const std::vector<int>& kept, const std::vector<int>& in_use,
                     std::vector<InheritedFd>* inherited) const;

  /// In the daemon: true if `fd` still leads to one of the launcher's terminals.
  bool is_terminal(int fd) const;

  /// In the daemon: ends the watching of `fd` in every epoll set, before its number gets another
  /// meaning. A set cannot take a regular file, nor be told to forget a file that is no longer
  /// there.
  void unwatch(int fd) const;

 private:
  struct Device {
    bool known_filesystem;
    dev_t filesystem, number;
  };

  int learn_terminals();
  int sort_in(int directory, const char* name);
  int find_watched(std::vector<int>* watched) const;

  /// An open descriptor that may have been inherited.
  struct Candidate {
    int fd;
    ino_t pipe;  // 0: not a pipe
    bool writes;
  };

  std::vector<Device> devices_;
  std::vector<int> terminals_;
  std::vector<int> epolls_;
  std::vector<Candidate> candidates_;
  bool has_kernel_poller_ = false;
};

}  // namespace tsdaemon
