#include <atomic>
#include <memory>
#include <vector>

#include "harness.h"
#include "lock_kinds.h"
#include "start.h"
#include "thread.h"

// Threads that are stopped anywhere within the functions of a lock, also where their id is in a
// register and in no memory yet.
namespace tsdaemon::test {

namespace {

constexpr int thread_count = 4;
constexpr int generations = 20;

// Or there would be hardly an instant without an id in a register.
void work_elsewhere() {
  for (volatile int i = 0; i < 200;) i = i + 1;
}

void taken_and_released_all_the_time(const LockKind& kind, int locks) {
  std::atomic<bool> stop = false;
  std::atomic<int> errors = 0;
  std::vector<std::unique_ptr<Lock>> taken;
  for (int i = 0; i < locks; ++i) taken.push_back(kind.make());
  std::atomic<int> turns[thread_count]{};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < thread_count; ++i)
    threads.push_back(std::make_unique<Thread>([&, i] {
      Lock& lock = *taken[static_cast<size_t>(i % locks)];
      while (!stop) {
        errors += lock.lock() != 0;
        if (kind.again == Again::enters) {
          errors += lock.lock() != 0;
          errors += lock.unlock() != 0;
        }
        errors += lock.unlock() != 0;
        ++turns[i];
        work_elsewhere();
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

const Registration races([] {
  for (const LockKind& kind : lock_kinds())
    for (const bool own : {false, true})
      add_case(either_way,
               std::string("threads that take and release ") + kind.name +
                   (own ? " of their own" : " in turn") + " all the time go on",
               [=, &kind] { taken_and_released_all_the_time(kind, own ? thread_count : 1); });
});

}  // namespace

}  // namespace tsdaemon::test
