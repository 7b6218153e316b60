#pragma once

#include <cstdint>
#include <string>

namespace tsdaemon {

/// A line on the launcher's terminal, redrawn again and again: that a start is waited for, and for
/// how long by now. Raw system calls alone, and no memory of the heap.
class Progress {
 public:
  /// Nothing is shown if `what` is empty.
  explicit Progress(const std::string& what);

  bool shows() const { return !what_.empty(); }
  void show();

  /// Before anything else is written there.
  void clear();

 private:
  const std::string& what_;
  uint64_t begin_;
  unsigned frame_ = 0;
  bool visible_ = false;
};

}  // namespace tsdaemon
