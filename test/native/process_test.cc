#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "harness.h"
#include "start.h"
#include "thread.h"

// Processes that the daemon starts.
namespace tsdaemon::test {

namespace {

int exit_status_of(pid_t child) {
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int spawn_exit(const char* script) {
  const char* arguments[] = {"sh", "-c", script, nullptr};
  pid_t child = 0;
  CHECK_EQ(posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char**>(arguments), environ),
           0);
  return exit_status_of(child);
}

TEST(either_way, "main and a revived thread spawn programs") {
  Actor thread;
  become_daemon();
  CHECK_EQ(spawn_exit("exit 7"), 7);
  thread.run([] { CHECK_EQ(spawn_exit("exit 8"), 8); });
  FILE* pipe = popen("echo hello", "r");
  char line[16] = "";
  CHECK(pipe != nullptr && fgets(line, sizeof(line), pipe) != nullptr);
  CHECK_EQ(line, std::string("hello\n"));
  CHECK_EQ(pclose(pipe), 0);
}

TEST(either_way, "vfork works in main and in a revived thread") {
  const auto forks = [] {
    const pid_t child = vfork();
    if (child == 0) _exit(9);
    CHECK_EQ(exit_status_of(child), 9);
  };
  Actor thread;
  become_daemon();
  forks();
  thread.run(forks);
}

// The C library's own, which runs handlers and takes its locks.
TEST(either_way, "fork works in main and in a revived thread, with its handlers") {
  static std::atomic<int> prepared;
  static std::atomic<int> in_parent;
  static std::atomic<int> in_child;
  pthread_atfork([] { ++prepared; }, [] { ++in_parent; }, [] { ++in_child; });
  const auto forks = [] {
    const pid_t child = fork();
    if (child == 0) {
      free(malloc(100'000));
      _exit(in_child == 1 && id_of(pthread_self()) == getpid() ? 10 : 1);
    }
    CHECK_EQ(exit_status_of(child), 10);
  };
  Actor thread;
  become_daemon();
  CHECK_EQ(prepared, 0);
  forks();
  thread.run(forks);
  CHECK_EQ(prepared, 2);
  CHECK_EQ(in_parent, 2);
}

TEST(either_way, "a thread that spawns programs all the time goes on doing so") {
  std::atomic<bool> stop = false;
  std::atomic<int> spawned = 0;
  Thread spawner([&] {
    while (!stop) {
      const char* arguments[] = {"true", nullptr};
      pid_t child = 0;
      if (posix_spawn(&child, "/bin/true", nullptr, nullptr, const_cast<char**>(arguments),
                      environ) != 0)
        continue;
      // A child of before the fork is not ours any more.
      int status = 0;
      if (waitpid(child, &status, 0) == child) CHECK_EQ(status, 0);
      ++spawned;
    }
  });
  for (int generation = 0; generation < 10; ++generation) {
    const int before = spawned;
    AWAIT(spawned > before + 1);
    become_daemon();
  }
  stop = true;
  spawner.join();
}

}  // namespace

}  // namespace tsdaemon::test
