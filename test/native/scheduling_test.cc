#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "harness.h"
#include "start.h"
#include "thread.h"

// What the scheduler is told of a thread; at clone it is inherited from the thread that clones.
namespace tsdaemon::test {

namespace {

int nice_of_this_thread() {
  return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
}

void be_nice(int value) {
  CHECK_EQ(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), value), 0);
}

cpu_set_t cpus() {
  cpu_set_t set;
  CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  return set;
}

bool runs_on(const cpu_set_t& set) {
  const cpu_set_t own = cpus();
  return CPU_EQUAL(&own, &set) != 0;
}

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

int first_of(const cpu_set_t& set) {
  int cpu = 0;
  while (CPU_ISSET(cpu, &set) == 0) ++cpu;
  return cpu;
}

int last_of(const cpu_set_t& set) {
  int cpu = CPU_SETSIZE - 1;
  while (CPU_ISSET(cpu, &set) == 0) --cpu;
  return cpu;
}

TEST(either_way, "every thread keeps its nice value, and main as well") {
  const int given = nice_of_this_thread();
  Actor gentle;
  Actor gentler;
  Actor plain;
  gentle.run([=] { be_nice(given + 2); });
  gentler.run([=] { be_nice(given + 4); });
  be_nice(given + 1);
  become_daemon();
  CHECK_EQ(nice_of_this_thread(), given + 1);
  gentle.run([=] { CHECK_EQ(nice_of_this_thread(), given + 2); });
  gentler.run([=] { CHECK_EQ(nice_of_this_thread(), given + 4); });
  plain.run([=] { CHECK_EQ(nice_of_this_thread(), given); });
}

TEST(either_way, "every thread keeps its processors, and main as well") {
  const cpu_set_t all = cpus();
  const cpu_set_t first = only(first_of(all));
  const cpu_set_t last = only(last_of(all));
  Actor on_first;
  Actor on_last;
  Actor anywhere;
  on_first.run([&] { CHECK_EQ(sched_setaffinity(0, sizeof(first), &first), 0); });
  on_last.run([&] { CHECK_EQ(sched_setaffinity(0, sizeof(last), &last), 0); });
  CHECK_EQ(sched_setaffinity(0, sizeof(last), &last), 0);
  become_daemon();
  CHECK(runs_on(last));
  on_first.run([&] { CHECK(runs_on(first)); });
  on_last.run([&] { CHECK(runs_on(last)); });
  anywhere.run([&] { CHECK(runs_on(all)); });
}

// musl's sched_setscheduler(3) and sched_getscheduler(3) refuse: the kernel's are of a thread.
int policy_of_this_thread() { return static_cast<int>(syscall(SYS_sched_getscheduler, 0)); }

TEST(either_way, "every thread keeps its scheduling policy") {
  const auto use = [](int policy) {
    sched_param none{};
    CHECK_EQ(syscall(SYS_sched_setscheduler, 0, policy, &none), 0);
  };
  Actor batch;
  Actor plain;
  Actor idle;
  batch.run([&] { use(SCHED_BATCH); });
  idle.run([&] { use(SCHED_IDLE); });
  become_daemon();
  CHECK_EQ(policy_of_this_thread(), SCHED_OTHER);
  batch.run([] { CHECK_EQ(policy_of_this_thread(), SCHED_BATCH); });
  plain.run([] { CHECK_EQ(policy_of_this_thread(), SCHED_OTHER); });
  idle.run([] { CHECK_EQ(policy_of_this_thread(), SCHED_IDLE); });
}

TEST(either_way, "a thread's scheduling is set through its handle") {
  Actor thread;
  become_daemon();
  const sched_param none{};
  CHECK_EQ(pthread_setschedparam(thread.handle(), SCHED_BATCH, &none), 0);
  thread.run([] { CHECK_EQ(policy_of_this_thread(), SCHED_BATCH); });
  const cpu_set_t last = only(last_of(cpus()));
  CHECK_EQ(pthread_setaffinity_np(thread.handle(), sizeof(last), &last), 0);
  thread.run([&] { CHECK(runs_on(last)); });
}

}  // namespace

}  // namespace tsdaemon::test
