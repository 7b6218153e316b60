#pragma once

#include <sys/types.h>

#include "scoped.h"

namespace tsdaemon {

/// Shows on the launcher's stderr what the daemon has added to a file: until it is ready, its
/// errors are seen by whoever started it. The daemon does not depend on it.
class LogFollower {
 public:
  /// Follows what is added from now on.
  void follow(int file);

  bool follows() const { return file_.valid(); }
  int file() const { return file_.get(); }

  /// Raw system calls alone.
  void show_news();

 private:
  ScopedFd file_;
  off_t shown_ = 0;
};

}  // namespace tsdaemon
