#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "harness.h"
#include "start.h"
#include "thread.h"

namespace tsdaemon::test {

inline constexpr int working_threads = 4;

/// So many threads call `work(thread)` all the time, which returns how much of it went wrong, while
/// one daemon after the other is made of the process: in each of them they all go on.
template <typename Work>
void work_through_generations(Work work) {
  constexpr int generations = 20;
  std::atomic<bool> stop = false;
  std::atomic<int> errors = 0;
  std::atomic<int> turns[working_threads]{};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < working_threads; ++i)
    threads.push_back(std::make_unique<Thread>([&, i] {
      while (!stop) {
        errors += work(i);
        ++turns[i];
      }
    }));
  for (int generation = 0; generation < generations; ++generation) {
    become_daemon();
    for (auto& turn : turns) {
      const int before = turn;
      AWAIT(turn > before + 10);
    }
    CHECK_EQ(errors, 0);
  }
  stop = true;
  for (auto& thread : threads) thread->join();
}

}  // namespace tsdaemon::test
