#pragma once

#include <sys/types.h>

#include "scoped.h"

namespace tsdaemon {

/// Shows on the launcher's stderr what the daemon says on its own until it is ready: whoever
/// started it sees its errors. The daemon does not depend on it. Between the fork and the
/// launcher's end raw system calls alone are used.
class LogFollower {
 public:
  /// Follows what is added to `file` from now on; nothing, if that is no regular file. A file that
  /// is `shared` with stdout is shown only where the daemon says that it is stderr.
  void follow(int file, bool shared);

  bool follows() const { return file_.valid(); }
  int file() const { return file_.get(); }

  /// How much has been written by now, for `show_news`.
  off_t end() const;

  /// Of a file that is stderr's alone, up to `end`.
  bool has_news(off_t end) const;
  void show_news(off_t end);

  /// Whether what was shown last ended its line.
  bool at_line_start() const { return at_line_start_; }

  /// Shows the `length` bytes that end at `end`: the daemon has said that they are stderr.
  void show_said(off_t end, off_t length);

  /// The daemon will not be ready: shows the last of what was not shown.
  void show_rest();

 private:
  void show(off_t from, off_t to);

  ScopedFd file_;
  bool shared_ = false;
  bool at_line_start_ = true;
  off_t shown_ = 0;
};

}  // namespace tsdaemon
