#include <memory>
#include <vector>

#include "harness.h"
#include "lock_kinds.h"
#include "work.h"

// Threads that are stopped anywhere within the functions of a lock, also where their id is in a
// register and in no memory yet.
namespace tsdaemon::test {

namespace {

// Or there would be hardly an instant without an id in a register.
void work_elsewhere() {
  for (volatile int i = 0; i < 200;) i = i + 1;
}

void taken_and_released_all_the_time(const LockKind& kind, int locks) {
  std::vector<std::unique_ptr<Lock>> taken;
  for (int i = 0; i < locks; ++i) taken.push_back(kind.make());
  work_through_generations([&](int thread) {
    Lock& lock = *taken[static_cast<size_t>(thread % locks)];
    int errors = lock.lock() != 0;
    if (kind.again == Again::enters) {
      errors += lock.lock() != 0;
      errors += lock.unlock() != 0;
    }
    errors += lock.unlock() != 0;
    work_elsewhere();
    return errors;
  });
}

const Registration races([] {
  for (const LockKind& kind : lock_kinds())
    for (const bool own : {false, true})
      add_case(either_way,
               std::string("threads that take and release ") + kind.name +
                   (own ? " of their own" : " in turn") + " all the time go on",
               [=, &kind] { taken_and_released_all_the_time(kind, own ? working_threads : 1); });
});

}  // namespace

}  // namespace tsdaemon::test
