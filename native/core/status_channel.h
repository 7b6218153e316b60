#pragma once

#include <cstdint>

#include "result.h"
#include "scoped.h"

namespace tsdaemon {

/// What the daemon tells its launcher: one struct, one write.
struct Report {
  enum class Word : uint32_t { failed = 1, complete, ready, extend, error };
  Word word;
  Step step;      // of `failed`
  int32_t error;  // of `failed`
  int32_t value;  // of `extend`: milliseconds from now; of `error`: a length
  int64_t end;    // in the file of stderr: of `error` where it ends, else what came before it
};

/// The pipe from the daemon to its launcher, closed on exec.
class StatusChannel {
 public:
  enum class Heard { report, nothing_yet, end_of_file };

  /// Returns 0 or an errno.
  int open();

  /// Each side keeps its end alone, or the launcher would never see the daemon's end of file.
  void keep_reading() { writer_.reset(); }
  void keep_writing() { reader_.reset(); }

  int reader() const { return reader_.get(); }
  int writer() const { return writer_.get(); }
  static Heard read(int reader, Report* report);

  /// The daemon's end, from now on the caller's.
  int release_writer() { return writer_.release(); }

  /// True if it was told, or nobody waits any more: where the launcher is gone the daemon goes on.
  static bool write(int writer, const Report& report);
  bool write(const Report& report) const { return write(writer_.get(), report); }

  /// What is written to stderr from now on is not the launcher's to show.
  static void report_ready(int writer);
  static void report_extended(int writer, int milliseconds);

  /// Waits, but not for long, until nobody reads any more: the launcher has ended, and said its
  /// last word before.
  static void await_reader_end(int writer);

 private:
  ScopedFd reader_;
  ScopedFd writer_;
};

}  // namespace tsdaemon
