#include <dlfcn.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "core/forkall/syscalls.h"
#include "harness.h"
#include "start.h"
#include "thread.h"

// The area where the kernel tells a thread on which processor it runs, rseq(2). sched_getcpu(3)
// reads it.
namespace tsdaemon::test {

namespace {

/// Null with a glibc before 2.35, which registers none.
volatile uint32_t* area() {
  static const auto* offset = static_cast<const ptrdiff_t*>(dlsym(RTLD_DEFAULT, "__rseq_offset"));
  static const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  if (offset == nullptr || size == nullptr || *size == 0) return nullptr;
  return reinterpret_cast<volatile uint32_t*>(forkall::arch::thread_pointer() +
                                              static_cast<uintptr_t>(*offset));
}

// The kernel refuses to register what is registered: EBUSY, or EINVAL for another size.
void is_registered() {
  constexpr uint32_t size = 32;
  if (area() == nullptr) return;
  const long result = syscall(SYS_rseq, area(), size, 0, forkall::arch::rseq_signature);
  CHECK_EQ(result, -1);
  CHECK(errno == EBUSY || errno == EINVAL);
}

void knows_its_processor() {
  cpu_set_t all;
  CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  for (int round = 0; round < 3; ++round)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &all) == 0) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
      CHECK_EQ(sched_getcpu(), cpu);
      if (area() != nullptr) CHECK_EQ(area()[1], static_cast<uint32_t>(cpu));
    }
  CHECK_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

TEST(either_way, "the rseq area of every thread is registered, and main's as well") {
  Actor threads[3];
  for (int generation = 0; generation < 3; ++generation) {
    become_daemon();
    is_registered();
    for (Actor& thread : threads) thread.run(is_registered);
  }
  Actor born_in_the_daemon;
  born_in_the_daemon.run(is_registered);
}

TEST(either_way, "every thread knows on which processor it runs, and main as well") {
  Actor threads[3];
  become_daemon();
  knows_its_processor();
  for (Actor& thread : threads) thread.run(knows_its_processor);
}

}  // namespace

}  // namespace tsdaemon::test
