#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/forkall/syscalls.h"
#include "core/forkall/thread_block.h"
#include "harness.h"
#include "interpose.h"
#include "start.h"
#include "thread.h"

// Whatever a thread does in the C library, it is parked in the middle of it sooner or later. Every
// case of this program runs with the calls of interpose.cc forbidden between freeze and thaw.
namespace tsdaemon::test {

namespace raw = forkall::raw;

namespace {

/// How a child ends that does this with the signal mask of a frozen thread.
int end_of_frozen(void (*act)()) {
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    const uint64_t mask = ~raw::signal_bit(forkall::parking_signal);
    raw::sigprocmask(SIG_SETMASK, &mask, nullptr);
    act();
    raw::exit_group(EXIT_SUCCESS);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return status;
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(by_forkall, "a frozen thread that allocates or frees would end this test") {
  static void* volatile memory = malloc(1);
  CHECK(WIFSIGNALED(end_of_frozen([] { memory = malloc(1); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { memory = calloc(1, 1); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { memory = realloc(memory, 2); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { free(memory); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { memory = new int; })));
}
#endif

TEST(by_forkall, "a frozen thread that locks, opens or looks up would end this test") {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static const void* volatile found;
  CHECK(WIFSIGNALED(end_of_frozen([] { pthread_mutex_lock(&mutex); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { found = dlsym(RTLD_DEFAULT, "malloc"); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { found = getenv("PATH"); })));
  CHECK(WIFSIGNALED(end_of_frozen([] { found = fopen("/dev/null", "r"); })));
  CHECK_EQ(end_of_frozen([] { raw::getpid(); }), 0);
  CHECK(found == nullptr);
}

// As a parked thread would: in a handler that returns by forkall's own way.
TEST(by_forkall, "a parked thread that locks would end this test") {
  const auto lock_in_handler = [] {
    const raw::SignalAction action{[](int, siginfo_t*, void*) {
                                     static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
                                     pthread_mutex_lock(&mutex);
                                   },
                                   SA_SIGINFO | SA_NODEFER | raw::sa_restorer,
                                   forkall::arch::tsdaemon_signal_return,
                                   ~raw::signal_bit(forkall::parking_signal)};
    raw::sigaction(SIGUSR1, &action, nullptr);
    Thread([] { pthread_kill(pthread_self(), SIGUSR1); }).join();
  };
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    lock_in_handler();
    raw::exit_group(EXIT_SUCCESS);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status));
}

/// Several threads do it all the time, through one fork after the other.
template <typename Work>
void never_rests(Work work) {
  constexpr int count = 3;
  std::atomic<bool> stop = false;
  std::atomic<int> rounds[count] = {};
  std::vector<std::unique_ptr<Thread>> workers;
  for (auto& counter : rounds)
    workers.push_back(std::make_unique<Thread>([&] {
      while (!stop) {
        work();
        ++counter;
      }
    }));
  for (int generation = 0; generation < 30; ++generation) {
    become_daemon();
    work();
  }
  for (auto& counter : rounds) {
    const int before = counter;
    AWAIT(counter > before);
  }
  stop = true;
  for (const auto& worker : workers) worker->join();
}

TEST(either_way, "threads that allocate all the time go on, and main allocates") {
  never_rests([] {
    std::unique_ptr<char[]> blocks[20];
    size_t size = 1;
    for (auto& block : blocks) {
      block = std::make_unique<char[]>(size);
      block[size - 1] = 1;
      size = size * 2 % 300'007;
    }
  });
}

TEST(either_way, "threads that print all the time go on, and main prints") {
  FILE* null = fopen("/dev/null", "w");
  never_rests([null] {
    fprintf(null, "%d %s %f\n", 1, "two", 3.0);
    fflush(null);
  });
}

TEST(either_way, "threads that look up symbols all the time go on, and main looks them up") {
  never_rests([] {
    void* library = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    CHECK(dlsym(library, "qsort") != nullptr);
    dlclose(library);
  });
}

}  // namespace

}  // namespace tsdaemon::test
