#pragma once

#include <cstddef>
#include <cstdint>

#include "task_text.h"
#include "workspace.h"

namespace tsdaemon::forkall {

/// The threads of the process as /proc/self/task tells of them. Once it is open, only raw system
/// calls are used.
class TaskDirectory {
 public:
  TaskDirectory() = default;
  TaskDirectory(const TaskDirectory&) = delete;
  TaskDirectory& operator=(const TaskDirectory&) = delete;
  ~TaskDirectory();

  /// Returns 0 or an errno: ENOTSUP where /proc has other ids than we.
  int open();

  /// How many threads there are, or a negated errno.
  long count() const;

  /// Calls `visit(id)`, which returns 0 or an errno, for each thread. `complete` is false if some
  /// may have been passed over. Returns 0 or an errno.
  template <typename Visit>
  int each(Visit visit, bool* complete) {
    const long before = count();
    long listed = 0;
    rewind();
    for (;;) {
      const long length = read_entries();
      if (length < 0) return static_cast<int>(-length);
      if (length == 0) break;
      for (long at = 0; at < length;) {
        const int id = next_id(&at);
        if (id == 0) continue;
        ++listed;
        if (const int error = visit(id)) return error;
      }
    }
    // A thread that exits while the directory is read ends the reading early.
    *complete = listed == before && listed == count();
    return 0;
  }

  /// False for a thread that will never again run a line of the program: one that the kernel no
  /// longer knows, one that is dead but not yet released, and a worker that the kernel itself runs
  /// for io_uring, which is listed among ours.
  bool runs(int id) const;

  TaskStatus status(int id);

 private:
  void rewind() const;
  long read_entries();
  int next_id(long* at) const;
  long read_file(int id, const char* name, char* out, size_t size) const;

  Workspace workspace_;
  char* entries_ = nullptr;
  int fd_ = -1;
};

}  // namespace tsdaemon::forkall
