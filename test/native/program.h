#pragma once

#include <sys/mman.h>

#include <atomic>
#include <string>

#include "thread.h"

namespace tsdaemon::test {

/// A program at work, to be left as it was by a start that fails: threads that rest, run, wait and
/// answer, and memory that is kept out of a fork.
class Program {
 public:
  Program();
  ~Program();

  /// Checks that every thread does its work.
  void goes_on();

  /// Everything of this process that a failed start may not change, one line each.
  static std::string scene();

 private:
  static constexpr size_t memory_size = 16 * 4096;
  void answer();

  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> turns_ = 0;
  std::atomic<uint64_t> naps_ = 0;
  struct Pipe {
    Pipe();
    int reader = -1;
    int writer = -1;
  };
  Pipe requests_;
  Pipe answers_;
  unsigned char* memory_;
  Actor resting_;
  Thread spinning_;
  Thread napping_;
  Thread answering_;
};

}  // namespace tsdaemon::test
