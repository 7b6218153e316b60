#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>
#include <mutex>

#include "harness.h"
#include "proc.h"
#include "program.h"
#include "sanitizers.h"
#include "start.h"
#include "thread.h"
#include "work.h"

// Without the test's own check in it, which is a system call.
extern "C" int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
extern "C" int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);

// Threads that do not park when they are asked to.
namespace tsdaemon::test {

namespace {

// The C library does it around the birth and the end of a thread.
class EverySignalBlocked {
 public:
  EverySignalBlocked() {
    const uint64_t all = ~uint64_t{0};
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before_, sizeof(all));
  }
  ~EverySignalBlocked() {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof(before_));
  }

 private:
  uint64_t before_ = 0;
};

// The lines that a straggler's own state and the handler, which has to stay as long as a signal of
// the freeze is on its way, are in.
std::string scene_without(int straggler) {
  std::string scene = Program::scene();
  for (const std::string& start :
       {"thread " + std::to_string(straggler), std::string("parking signal"),
        std::string("no children"), std::string("SigCgt"), std::string("SigIgn")}) {
    const size_t at = scene.find('\n' + start);
    if (at != std::string::npos) scene.erase(at, scene.find('\n', at + 1) - at);
  }
  return scene;
}

void fails_for(int straggler, Program* program) {
  program->goes_on();
  const std::string before = scene_without(straggler);
  const Failure failure = try_start();
  CHECK(failure.step == Step::freeze_);
  CHECK_EQ(failure.error, ETIMEDOUT);
  CHECK_EQ(failure.thread, straggler);
  program->goes_on();
  CHECK_SAME_LINES(scene_without(straggler), before);
}

std::string parking_action() {
  const std::string scene = Program::scene();
  const size_t at = scene.find("\nparking signal");
  return scene.substr(at, scene.find('\n', at + 1) - at);
}

// A thread in vfork(2) sleeps in the kernel until its child is gone, whatever comes.
TEST(either_way, "a thread that waits for its vfork child fails the start, which works later") {
  Program program;
  REQUIRE_EQ(setgid(getgid()), 0);
  const std::string handler = parking_action();
  static std::atomic<pid_t> child;
  Thread parent([] {
    const pid_t pid = vfork();
    if (pid == 0) {
      child = static_cast<pid_t>(syscall(SYS_getpid));
      for (;;) pause();
    }
    CHECK_EQ(waitpid(pid, nullptr, 0), pid);
  });
  AWAIT(child != 0);
  fails_for(parent.first_id(), &program);
  kill(child, SIGKILL);
  parent.join();
  program.goes_on();
  // The handler has stayed, and passes the C library's own signal on.
  CHECK_EQ(setgid(getgid()), 0);
  become_daemon();
  program.goes_on();
  CHECK_EQ(parking_action(), handler);
}

TEST(either_way, "a thread that blocks the parking signal fails the start, which works later") {
  Program program;
  REQUIRE_EQ(setgid(getgid()), 0);
  const std::string handler = parking_action();
  std::atomic<bool> blocked = false;
  std::atomic<bool> stop = false;
  std::atomic<bool> open = false;
  Thread thread([&] {
    {
      const EverySignalBlocked all;
      blocked = true;
      while (blocked) usleep(1000);
    }
    open = true;
    while (!stop) usleep(1000);
  });
  AWAIT(blocked);
  fails_for(thread.first_id(), &program);
  // The parking signals of the freeze that is over are handled now.
  blocked = false;
  AWAIT(open);
  become_daemon();
  CHECK_EQ(parking_action(), handler);
  program.goes_on();
  stop = true;
  thread.join();
}

// As forkall opens what /proc tells of a thread.
void let_no_file_be_found_in_a_directory() {
  const auto in_none = static_cast<uint32_t>(AT_FDCWD);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, in_none, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOENT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  REQUIRE_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  REQUIRE_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program), 0);
}

TEST(either_way, "a thread that parks late is carried over, though its file is not found") {
  std::atomic<bool> blocked = false;
  std::atomic<bool> stop = false;
  Thread late([&] {
    {
      const EverySignalBlocked all;
      blocked = true;
      usleep(100'000);
    }
    while (!stop) usleep(1000);
  });
  AWAIT(blocked);
  let_no_file_be_found_in_a_directory();
  become_daemon();
  CHECK_EQ(thread_ids().size(), 2U);
  stop = true;
  late.join();
}

// When it parks, half of the time for all is over, and the others were let go and asked again.
TEST(either_way, "threads that take and release robust mutexes go on after one that parks late") {
  std::atomic<bool> blocked = false;
  std::array<pthread_mutex_t, 16> mutexes;
  for (auto& mutex : mutexes) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
  }
  Workers workers(mutexes.size(), [&mutexes](int thread) {
    pthread_mutex_t& mutex = mutexes[static_cast<size_t>(thread)];
    const int error = __real_pthread_mutex_lock(&mutex);
    return (error != 0) + (__real_pthread_mutex_unlock(&mutex) != 0);
  });
  Thread late([&] {
    const EverySignalBlocked all;
    blocked = true;
    usleep(4'000'000);
  });
  AWAIT(blocked);
  // On a busy machine what is left of the time may not be enough; then nothing has happened.
  if (const pid_t launcher = getpid(); const Failure failure = try_start()) {
    CHECK(failure.step == Step::freeze_);
    CHECK_EQ(failure.error, ETIMEDOUT);
    CHECK_EQ(getpid(), launcher);
    become_daemon();
  }
  workers.check();
  workers.end();
  late.join();
}

// Neither can park: one is parked already, and the other waits for it with every signal blocked.
// On a busy machine it takes the holder long to come to its unlock, as it does here: while it is
// parked no more than one of its sleeps ends.
TEST(either_way, "a thread that cannot park until a parked one lets it is given way to") {
  std::mutex mutex;
  std::atomic<bool> held = false;
  std::atomic<bool> stop = false;
  std::atomic<bool> is_awaited = false;
  Thread holder([&] {
    mutex.lock();
    held = true;
    while (!is_awaited) usleep(100);
    for (int turn = 0; turn < 10; ++turn) usleep(5000);
    mutex.unlock();
    while (!stop) usleep(1000);
  });
  AWAIT(held);
  Thread waiter([&] {
    {
      const EverySignalBlocked all;
      mutex.lock();
      mutex.unlock();
    }
    while (!stop) usleep(1000);
  });
  AWAIT(sleeps_in(waiter.first_id(), SYS_futex));
  skip_ids_like_addresses();
  is_awaited = true;
  become_daemon();
  stop = true;
  holder.join();
  waiter.join();
}

}  // namespace

}  // namespace tsdaemon::test
