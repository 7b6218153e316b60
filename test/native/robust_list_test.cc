#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// The list of robust mutexes that a thread registers with the kernel, get_robust_list(2).
namespace tsdaemon::test {

namespace {

pthread_mutex_t robust_mutex() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return mutex;
}

void take_after_death(pthread_mutex_t* mutex) {
  CHECK_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
  CHECK_EQ(pthread_mutex_consistent(mutex), 0);
  CHECK_EQ(pthread_mutex_unlock(mutex), 0);
}

void* registered_list() {
  void* head = nullptr;
  size_t size = 0;
  CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &size), 0);
  CHECK_EQ(size, 24U);
  return head;
}

TEST(either_way, "a thread that dies with a robust mutex from before the fork gives EOWNERDEAD") {
  pthread_mutex_t mutex = robust_mutex();
  Semaphore go;
  Semaphore held;
  Thread holder([&] {
    pthread_mutex_lock(&mutex);
    held.post();
    go.wait();
  });
  held.wait();
  become_daemon();
  CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
  go.post();
  holder.join();
  take_after_death(&mutex);
}

TEST(either_way, "a thread that dies with a robust mutex wakes the one that waits for it") {
  pthread_mutex_t mutex = robust_mutex();
  Actor waiter;
  Semaphore go;
  Semaphore held;
  Thread holder([&] {
    pthread_mutex_lock(&mutex);
    held.post();
    go.wait();
  });
  held.wait();
  become_daemon();
  waiter.start([&] { take_after_death(&mutex); });
  AWAIT(sleeps_in(id_of(waiter.handle()), SYS_futex));
  go.post();
  holder.join();
  waiter.finish();
}

TEST(either_way, "a robust mutex that a thread takes after the fork and dies with is found") {
  pthread_mutex_t mutex = robust_mutex();
  Semaphore go;
  Thread holder([&] {
    go.wait();
    pthread_mutex_lock(&mutex);
  });
  become_daemon();
  go.post();
  holder.join();
  take_after_death(&mutex);
}

TEST(either_way, "the list that main and the threads have registered is the one they had") {
  Actor thread;
  // musl registers it when a thread takes its first robust mutex that is shared.
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  const auto use = [&] {
    CHECK_EQ(pthread_mutex_lock(&mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
  };
  use();
  thread.run(use);
  void* main_before = registered_list();
  void* thread_before = nullptr;
  thread.run([&] { thread_before = registered_list(); });
  REQUIRE(main_before != nullptr && thread_before != nullptr);
  become_daemon();
  CHECK(registered_list() == main_before);
  thread.run([&] { CHECK(registered_list() == thread_before); });
}

}  // namespace

}  // namespace tsdaemon::test
