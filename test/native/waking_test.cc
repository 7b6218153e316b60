#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// When threads that waited at the fork are woken, by whom, and how often.
namespace tsdaemon::test {

namespace {

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void wait_by_condition(int64_t milliseconds) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  timespec end{};
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_nsec += milliseconds % 1000 * 1'000'000;
  end.tv_sec += milliseconds / 1000 + end.tv_nsec / 1'000'000'000;
  end.tv_nsec %= 1'000'000'000;
  pthread_mutex_lock(&mutex);
  while (pthread_cond_timedwait(&condition, &mutex, &end) != ETIMEDOUT) {
  }
  pthread_mutex_unlock(&mutex);
}

// On a busy machine its time may be over before it is seen to wait: then another one waits longer.
TEST(either_way, "a timeout that ends after the fork is over no earlier than it should be") {
  int64_t wanted_ms = 100;
  std::atomic<bool> over;
  int64_t took = 0;
  std::unique_ptr<Thread> waiter;
  do {
    wanted_ms *= 2;
    over = false;
    waiter = std::make_unique<Thread>([&] {
      const int64_t start = now_ms();
      wait_by_condition(wanted_ms);
      took = now_ms() - start;
      over = true;
    });
    AWAIT(over || sleeps_in(waiter->first_id(), SYS_futex));
  } while (over);
  become_daemon();
  waiter->join();
  CHECK(took >= wanted_ms - 1);
}

TEST(either_way, "every waiter of a condition variable is woken once, by one signal each") {
  constexpr int count = 8;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  int tickets = 0;
  std::atomic<int> woken = 0;
  std::vector<std::unique_ptr<Thread>> waiters;
  for (int i = 0; i < count; ++i)
    waiters.push_back(std::make_unique<Thread>([&] {
      pthread_mutex_lock(&mutex);
      while (tickets == 0) pthread_cond_wait(&condition, &mutex);
      --tickets;
      pthread_mutex_unlock(&mutex);
      ++woken;
    }));
  for (const auto& waiter : waiters) AWAIT(sleeps_in(waiter->first_id(), SYS_futex));
  become_daemon();
  for (int i = 1; i <= count; ++i) {
    pthread_mutex_lock(&mutex);
    ++tickets;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    AWAIT(woken == i);
  }
  for (const auto& waiter : waiters) waiter->join();
  CHECK_EQ(tickets, 0);
}

TEST(either_way, "threads that wake one another, and never rest, go on doing so") {
  Semaphore ping(1);
  Semaphore pong;
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  Thread left([&] {
    while (!stop) {
      ping.wait();
      ++rounds;
      pong.post();
    }
  });
  Thread right([&] {
    while (!stop) {
      pong.wait();
      ping.post();
    }
  });
  for (int generation = 0; generation < 20; ++generation) {
    become_daemon();
    const int before = rounds;
    AWAIT(rounds > before + 10);
  }
  stop = true;
  ping.post();
  pong.post();
  left.join();
  right.join();
}

}  // namespace

}  // namespace tsdaemon::test
