#include <link.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <cstdio>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Things of the C library that a thread is in the middle of when the fork comes.
namespace tsdaemon::test {

namespace {

// The loader's lock is a recursive mutex, and knows its holder.
TEST(either_way, "a thread that walks the loaded objects goes on, enters again and leaves") {
  static Semaphore inside;
  static Semaphore go;
  static const auto count = [](dl_phdr_info*, size_t, void* counter) {
    ++*static_cast<int*>(counter);
    return 0;
  };
  int outer = 0;
  Thread walker([&] {
    dl_iterate_phdr(
        [](dl_phdr_info*, size_t, void* counter) {
          if (++*static_cast<int*>(counter) > 1) return 0;
          inside.post();
          go.wait();
          int inner = 0;
          dl_iterate_phdr(count, &inner);
          CHECK(inner > 1);
          return 0;
        },
        &outer);
  });
  inside.wait();
  become_daemon();
  go.post();
  walker.join();
  CHECK(outer > 1);
  int after = 0;
  dl_iterate_phdr(count, &after);
  CHECK_EQ(after, outer);
}

TEST(either_way, "a stream that a thread has locked stays its own until it unlocks it") {
  FILE* null = fopen("/dev/null", "w");
  Actor holder;
  Actor other;
  holder.run([&] { flockfile(null); });
  become_daemon();
  other.run([&] { CHECK(ftrylockfile(null) != 0); });
  holder.run([&] {
    CHECK(fputs("again", null) >= 0);
    funlockfile(null);
  });
  other.run([&] {
    CHECK_EQ(ftrylockfile(null), 0);
    funlockfile(null);
  });
}

TEST(either_way, "an initialization that is under way is finished, once, and waited for") {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static Semaphore inside;
  static Semaphore go;
  static std::atomic<int> ran;
  const auto initialize = [] {
    pthread_once(&once, [] {
      inside.post();
      go.wait();
      ++ran;
    });
    CHECK_EQ(ran, 1);
  };
  Actor first;
  Actor second;
  first.start(initialize);
  inside.wait();
  second.start(initialize);
  AWAIT(sleeps_in(second.first_id(), SYS_futex));
  become_daemon();
  CHECK_EQ(ran, 0);
  go.post();
  first.finish();
  second.finish();
  CHECK_EQ(ran, 1);
}

TEST(either_way, "a static object that is being made is finished, once, and waited for") {
  static Semaphore inside;
  static Semaphore go;
  static std::atomic<int> made;
  struct Slow {
    Slow() {
      inside.post();
      go.wait();
      ++made;
    }
  };
  const auto use = [] {
    static const Slow object;
    CHECK_EQ(made, 1);
  };
  Actor first;
  Actor second;
  first.start(use);
  inside.wait();
  second.start(use);
  AWAIT(sleeps_in(second.first_id(), SYS_futex));
  become_daemon();
  go.post();
  first.finish();
  second.finish();
  CHECK_EQ(made, 1);
}

}  // namespace

}  // namespace tsdaemon::test
