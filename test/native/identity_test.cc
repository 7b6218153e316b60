#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Who a thread is, to itself, to the others and to the kernel.
namespace tsdaemon::test {

namespace {

int gettid_raw() { return static_cast<int>(syscall(SYS_gettid)); }

TEST(either_way, "the daemon is another process, in a session of its own that it does not lead") {
  const pid_t launcher = getpid();
  const pid_t session = getsid(0);
  ProcessStat stat{};
  Thread thread([] {});
  become_daemon();
  REQUIRE(read_stat(getpid(), &stat));
  CHECK(getpid() != launcher);
  CHECK_EQ(getsid(0), stat.session);
  CHECK(getsid(0) != getpid());
  CHECK(getsid(0) != session);
  CHECK_EQ(gettid_raw(), getpid());
}

TEST(either_way, "the id that the kernel has of a thread is the one that the C library has") {
  constexpr int count = 4;
  Actor actors[count];
  pthread_t selves[count];
  for (int i = 0; i < count; ++i) actors[i].run([&] { selves[i] = pthread_self(); });
  const pthread_t main = pthread_self();
  for (int generation = 0; generation < 3; ++generation) {
    become_daemon();
    CHECK(pthread_equal(pthread_self(), main));
    CHECK_EQ(id_of(main), gettid_raw());
    const std::vector<int> ids = thread_ids();
    CHECK_EQ(ids.size(), static_cast<size_t>(count + 1));
    for (int i = 0; i < count; ++i)
      actors[i].run([&] {
        CHECK(pthread_equal(pthread_self(), selves[i]));
        CHECK_EQ(id_of(pthread_self()), gettid_raw());
        CHECK(std::count(ids.begin(), ids.end(), gettid_raw()) == 1);
      });
  }
}

std::atomic<int> handled_by = 0;

TEST(either_way, "a signal for one thread is handled on that thread, whether it rests or runs") {
  struct sigaction action {};
  action.sa_handler = [](int) { handled_by = gettid_raw(); };
  sigaction(SIGUSR1, &action, nullptr);
  std::atomic<bool> stop = false;
  Actor resting;
  Thread running([&] {
    while (!stop) {
    }
  });
  become_daemon();
  for (const pthread_t thread : {resting.handle(), running.handle(), pthread_self()}) {
    handled_by = 0;
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    AWAIT(handled_by != 0);
    CHECK_EQ(handled_by, id_of(thread));
  }
  stop = true;
  running.join();
}

std::string name_of(pthread_t thread) {
  char name[16] = "";
  CHECK_EQ(pthread_getname_np(thread, name, sizeof(name)), 0);
  return name;
}

TEST(either_way, "every thread keeps its name, and can be given another") {
  Actor first;
  Actor second;
  pthread_setname_np(pthread_self(), "the main one");
  pthread_setname_np(first.handle(), "first worker");
  pthread_setname_np(second.handle(), "a) R 1 (b");
  become_daemon();
  CHECK_EQ(name_of(pthread_self()), "the main one");
  CHECK_EQ(name_of(first.handle()), "first worker");
  CHECK_EQ(name_of(second.handle()), "a) R 1 (b");
  CHECK_EQ(pthread_setname_np(first.handle(), "renamed"), 0);
  CHECK_EQ(read_file("/proc/self/task/" + std::to_string(id_of(first.handle())) + "/comm"),
           "renamed\n");
}

}  // namespace

}  // namespace tsdaemon::test
