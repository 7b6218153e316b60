#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"
#include "work.h"

// Signal masks and handlers.
namespace tsdaemon::test {

namespace {

std::string kernel_mask() { return thread_status(static_cast<int>(syscall(SYS_gettid)), "SigBlk"); }

void block(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

TEST(either_way, "every thread keeps its signal mask, and main as well") {
  Actor none;
  Actor some;
  Actor all;
  none.run([] { block({}); });
  some.run([] { block({SIGUSR2, SIGALRM, SIGRTMIN + 3}); });
  all.run([] {
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_SETMASK, &set, nullptr);
  });
  block({SIGUSR1, SIGHUP});
  const std::string main_mask = kernel_mask();
  std::string masks[3];
  Actor* actors[] = {&none, &some, &all};
  for (int i = 0; i < 3; ++i) actors[i]->run([&] { masks[i] = kernel_mask(); });
  become_daemon();
  CHECK_EQ(kernel_mask(), main_mask);
  for (int i = 0; i < 3; ++i) actors[i]->run([&] { CHECK_EQ(kernel_mask(), masks[i]); });
}

TEST(either_way, "the handlers and the ignored signals of the process are as before") {
  const auto dispositions = [] {
    const std::string status = read_file("/proc/self/status");
    return status_field(status, "SigIgn") + ' ' + status_field(status, "SigCgt");
  };
  signal(SIGUSR1, [](int) {});
  signal(SIGHUP, SIG_IGN);
  // The C library installs the handlers of its own two signals when they are first needed.
  Actor thread;
  REQUIRE_EQ(setgid(getgid()), 0);
  const std::string before = dispositions();
  become_daemon();
  CHECK_EQ(dispositions(), before);
}

TEST(either_way, "a thread that waits for a signal by sigwait gets it") {
  std::atomic<int> got = 0;
  Thread waiter([&] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    int signal = 0;
    while (sigwait(&set, &signal) != 0) {
    }
    got = signal;
  });
  AWAIT(sleeps_in(waiter.first_id(), SYS_rt_sigtimedwait));
  become_daemon();
  CHECK_EQ(got, 0);
  CHECK_EQ(pthread_kill(waiter.handle(), SIGUSR1), 0);
  waiter.join();
  CHECK_EQ(got, SIGUSR1);
}

// ppoll(2) exchanges the mask while it waits; the thread's own is to come back.
TEST(either_way, "a thread that waits with another mask in ppoll has its own afterwards") {
  std::atomic<bool> stop = false;
  std::string before;
  std::string after;
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  Thread waiter([&] {
    block({SIGUSR1, SIGUSR2});
    before = kernel_mask();
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGHUP);
    pollfd fd{ends[0], POLLIN, 0};
    while (!stop) ppoll(&fd, 1, nullptr, &other);
    after = kernel_mask();
  });
  AWAIT(sleeps_in(waiter.first_id(), SYS_ppoll));
  become_daemon();
  stop = true;
  CHECK_EQ(write(ends[1], "x", 1), 1);
  waiter.join();
  CHECK_EQ(after, before);
}

TEST(either_way, "a signal to the process is handled by a thread that does not block it") {
  static std::atomic<int> handled_by = 0;
  signal(SIGUSR1, [](int) { handled_by = static_cast<int>(syscall(SYS_gettid)); });
  Actor open;
  Actor closed;
  closed.run([] { block({SIGUSR1}); });
  block({SIGUSR1});
  open.run([] { block({}); });
  become_daemon();
  kill(getpid(), SIGUSR1);
  AWAIT(handled_by != 0);
  CHECK_EQ(handled_by, id_of(open.handle()));
}

// The C library blocks every signal, its own included, while a thread is made or ends.
TEST(either_way, "a thread that blocks the parking signal for a while is waited for") {
  std::atomic<bool> blocked = false;
  Thread thread([&] {
    const uint64_t all = ~uint64_t{0};
    uint64_t before = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof(all));
    blocked = true;
    usleep(200'000);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
    while (blocked) usleep(1000);
  });
  AWAIT(blocked);
  become_daemon();
  CHECK_EQ(thread_ids().size(), 2U);
  blocked = false;
  thread.join();
}

// raise(3) has the ids of the process and of the thread in registers, until it has sent the signal.
// Before glibc 2.34 there are two of it, in libpthread and in libc.
void raised_all_the_time(int (*raise_signal)(int)) {
  signal(SIGUSR1, [](int) {});
  work_through_generations([raise_signal](int) { return raise_signal(SIGUSR1) != 0 ? 1 : 0; });
}

TEST(either_way, "threads that raise a signal all the time go on") { raised_all_the_time(raise); }

TEST(either_way, "threads that raise a signal all the time by the libc's own function go on") {
  void* libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  REQUIRE(libc != nullptr);
  raised_all_the_time(reinterpret_cast<int (*)(int)>(dlsym(libc, "raise")));
}

}  // namespace

}  // namespace tsdaemon::test
