#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Threads that end after the fork, in each of the ways.
namespace tsdaemon::test {

namespace {

TEST(either_way, "every revived thread ends and is joined, with what it returns") {
  constexpr intptr_t count = 12;
  static std::atomic<bool> stop = false;
  pthread_t threads[count];
  for (intptr_t i = 0; i < count; ++i)
    REQUIRE_EQ(pthread_create(
                   &threads[i], nullptr,
                   [](void* number) -> void* {
                     while (!stop) usleep(1000);
                     return number;
                   },
                   reinterpret_cast<void*>(i)),
               0);
  become_daemon();
  CHECK_EQ(thread_ids().size(), static_cast<size_t>(count + 1));
  for (const pthread_t thread : threads) CHECK_EQ(pthread_tryjoin_np(thread, nullptr), EBUSY);
  stop = true;
  for (intptr_t i = 0; i < count; ++i) {
    void* returned = nullptr;
    CHECK_EQ(pthread_join(threads[i], &returned), 0);
    CHECK_EQ(reinterpret_cast<intptr_t>(returned), i);
  }
  AWAIT(thread_ids().size() == 1);
}

TEST(either_way, "a thread that was detached ends and is gone") {
  std::atomic<bool> stop = false;
  Thread detached([&] {
    while (!stop) usleep(1000);
  });
  detached.leave_to_others();
  pthread_detach(detached.handle());
  become_daemon();
  CHECK_EQ(thread_ids().size(), 2U);
  stop = true;
  AWAIT(thread_ids().size() == 1);
}

TEST(either_way, "a thread that had ended before the fork is joined after it") {
  Thread ended([] {});
  AWAIT(thread_ids().size() == 1);
  become_daemon();
  ended.join();
}

std::atomic<int> destroyed = 0;

TEST(either_way, "a revived thread that ends runs the destructors of its thread-local storage") {
  pthread_key_t key;
  pthread_key_create(&key, [](void*) { ++destroyed; });
  struct Destroyed {
    ~Destroyed() { ++destroyed; }
  };
  Semaphore go;
  std::atomic<bool> set = false;
  Thread thread([&] {
    static thread_local Destroyed object;
    pthread_setspecific(key, &object);
    set = true;
    go.wait();
  });
  AWAIT(set);
  become_daemon();
  go.post();
  thread.join();
  CHECK_EQ(destroyed, 2);
}

TEST(either_way, "a thread that is blocked can be cancelled after the fork, and cleans up") {
  static std::atomic<bool> cleaned = false;
  int pipe_ends[2];
  REQUIRE_EQ(pipe(pipe_ends), 0);
  pthread_t thread;
  REQUIRE_EQ(pthread_create(
                 &thread, nullptr,
                 [](void* fd) -> void* {
                   pthread_cleanup_push([](void*) { cleaned = true; }, nullptr);
                   char byte;
                   while (read(*static_cast<int*>(fd), &byte, 1) >= 0) {
                   }
                   pthread_cleanup_pop(0);
                   return nullptr;
                 },
                 pipe_ends),
             0);
  AWAIT(sleeps_in(id_of(thread), SYS_read));
  become_daemon();
  CHECK_EQ(pthread_cancel(thread), 0);
  void* returned = nullptr;
  CHECK_EQ(pthread_join(thread, &returned), 0);
  CHECK(returned == PTHREAD_CANCELED);
  CHECK(cleaned);
}

// What they share is static: main's frame is left with main (seen with glibc 2.31, which runs over
// it).
TEST(either_way, "main can end before the others, and is joined by one of them") {
  static const pthread_t main = pthread_self();
  static Semaphore go;
  static Thread last([] {
    go.wait();
    CHECK_EQ(pthread_join(main, nullptr), 0);
    finish_case();
  });
  become_daemon();
  go.post();
  pthread_exit(nullptr);
}

}  // namespace

}  // namespace tsdaemon::test
