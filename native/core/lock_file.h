#pragma once

#include <string>

#include "result.h"
#include "scoped.h"

namespace tsdaemon {

/// The pid file, and the lock on it that is the daemon's life: whatever the file says, the daemon
/// runs as long as somebody holds the lock.
class LockFile {
 public:
  /// In the launcher: opens and locks the file, flock(2). A lock that is held elsewhere is the
  /// failure `EWOULDBLOCK` with the holder's pid. Nothing of another's is touched.
  Failure acquire(const std::string& path);

  /// In the daemon, before it is complete: takes the room that the pid will need, so that a full
  /// disk is found out while the start can still fail. Returns 0 or an errno.
  int reserve() const;

  /// In the daemon, once it answers signals: who reads the pid may send one. Returns 0 or an errno.
  static int write(int file, int pid);

  /// Removes the file while it is locked, if it still is the one we locked; where the directory
  /// forbids that, empties it. Raw system calls alone.
  void remove() const { remove(file_.get(), directory_.get(), name_.c_str()); }
  static void remove(int file, int directory, const char* name);

  /// In the launcher, when the start has failed: as it was before.
  void give_up() const;

  bool held() const { return file_.valid(); }
  int file() const { return file_.get(); }
  int directory() const { return directory_.get(); }
  const std::string& name() const { return name_; }

  /// The daemon keeps both for its life.
  void keep() {
    file_.release();
    directory_.release();
  }

 private:
  enum class Attempt { locked, replaced, failed };

  Attempt try_acquire(Failure* failure);
  int open_file();
  int look_for_name(bool* is_named) const;
  int look_at_text() const;
  Failure lock() const;

  ScopedFd file_;
  ScopedFd directory_;
  std::string name_;
  bool created_ = false;
};

}  // namespace tsdaemon
