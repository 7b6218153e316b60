#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "harness.h"
#include "start.h"
#include "thread.h"

namespace tsdaemon::test {

/// So many threads call `work(thread)` all the time, which returns how much of it went wrong.
class Workers {
 public:
  template <typename Work>
  Workers(size_t count, Work work) : turns_(count) {
    for (size_t i = 0; i < count; ++i)
      threads_.push_back(std::make_unique<Thread>([this, work, i] {
        while (!stop_) {
          errors_ += work(static_cast<int>(i));
          ++turns_[i];
        }
      }));
  }

  /// Each of them goes on, and nothing went wrong.
  void check() {
    for (auto& turn : turns_) {
      const int before = turn;
      AWAIT(turn > before + 10);
    }
    CHECK_EQ(errors_, 0);
  }

  void end() {
    stop_ = true;
    for (auto& thread : threads_) thread->join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> errors_ = 0;
  std::vector<std::atomic<int>> turns_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

inline constexpr int working_threads = 4;

/// They work while one daemon after the other is made of the process: in each of them all go on.
template <typename Work>
void work_through_generations(Work work) {
  constexpr int generations = 20;
  Workers workers(working_threads, work);
  for (int generation = 0; generation < generations; ++generation) {
    become_daemon();
    workers.check();
  }
  workers.end();
}

}  // namespace tsdaemon::test
