#include <grp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// The kernel keeps credentials by the thread; the C library makes every thread change them, by a
// signal, which is the one that threads are parked with.
namespace tsdaemon::test {

namespace {

// Without root, an id that changes nothing still goes to every thread.
uid_t another_user() { return geteuid() == 0 ? 54321 : geteuid(); }
gid_t another_group() { return geteuid() == 0 ? 54322 : getegid(); }

std::string four_times(unsigned id) {
  const std::string text = std::to_string(id);
  return text + '\t' + text + '\t' + text + '\t' + text;
}

// A thread that was joined may still be listed: pthread_join(3) returns before it has left /proc.
void have_everywhere(const std::string& field, const std::string& value) {
  for (const int id : thread_ids()) {
    const std::string found = thread_status(id, field);
    if (!found.empty() || syscall(SYS_tgkill, getpid(), id, 0) == 0) CHECK_EQ(found, value);
  }
}

TEST(either_way, "setuid and setgid after the fork reach every thread") {
  std::atomic<bool> stop = false;
  Actor resting[2];
  Thread running([&] {
    while (!stop) {
    }
  });
  become_daemon();
  const gid_t group = another_group();
  const uid_t user = another_user();
  if (geteuid() == 0) CHECK_EQ(setgroups(1, &group), 0);
  CHECK_EQ(setgid(group), 0);
  CHECK_EQ(setuid(user), 0);
  have_everywhere("Gid", four_times(group));
  have_everywhere("Uid", four_times(user));
  CHECK_EQ(thread_ids().size(), 4U);
  stop = true;
  running.join();
}

TEST(either_way, "a revived thread changes the credentials of main and of the others") {
  Actor threads[3];
  become_daemon();
  threads[1].run([] {
    CHECK_EQ(setgid(another_group()), 0);
    CHECK_EQ(setuid(another_user()), 0);
  });
  have_everywhere("Gid", four_times(another_group()));
  have_everywhere("Uid", four_times(another_user()));
}

TEST(either_way, "credentials that were changed before the fork are every thread's after it") {
  Actor threads[3];
  CHECK_EQ(setegid(another_group()), 0);
  const std::string before = status_field(read_file("/proc/self/status"), "Gid");
  become_daemon();
  have_everywhere("Gid", before);
}

// Its signals are on their way to the others at the instant of the fork, and it waits for each.
TEST(either_way, "a thread that changes credentials all the time goes on, and is heard by all") {
  std::atomic<bool> stop = false;
  std::atomic<int> turns = 0;
  const gid_t groups[] = {getegid(), another_group()};
  Actor resting[2];
  Thread running([&] {
    while (!stop) {
    }
  });
  Thread changing([&] {
    while (!stop) {
      CHECK_EQ(setegid(groups[turns % 2]), 0);
      ++turns;
    }
  });
  for (int generation = 0; generation < 40; ++generation) {
    become_daemon();
    const int before = turns;
    AWAIT(turns > before + 10);
  }
  stop = true;
  changing.join();
  have_everywhere("Gid", status_field(read_file("/proc/self/status"), "Gid"));
  running.join();
}

// The C library keeps a change on the stack of the thread that makes it: who takes a signal of a
// change that is over finds this instead.
[[gnu::noinline]] void overwrite_stack() {
  volatile char below[4096];
  for (volatile char& byte : below) byte = 0x5a;
}

// Some had taken them already, and some not.
TEST(either_way, "a change of credentials that is under way is made by all or by none") {
  const gid_t groups[] = {getegid(), another_group()};
  std::atomic<int> turns = 0;
  Actor resting[4];
  std::atomic<bool> stop = false;
  Thread running([&] {
    while (!stop) {
    }
  });
  for (int generation = 0; generation < 10; ++generation) {
    const int launcher = getpid();
    Thread changing([&] {
      while (getpid() == launcher) {
        CHECK_EQ(setegid(groups[turns % 2]), 0);
        ++turns;
        overwrite_stack();
        usleep(2000);
      }
    });
    AWAIT(turns > 5);
    become_daemon();
    changing.join();
    have_everywhere("Gid", status_field(read_file("/proc/self/status"), "Gid"));
    turns = 0;
  }
  stop = true;
  running.join();
}

}  // namespace

}  // namespace tsdaemon::test
