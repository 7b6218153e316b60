#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Threads that come and go, before, during and after the fork.
namespace tsdaemon::test {

namespace {

constexpr int many_generations = 150;

void* count_up(void* counter) {
  ++*static_cast<std::atomic<int>*>(counter);
  return nullptr;
}

TEST(either_way, "main and revived threads make threads, which end") {
  Actor makers[3];
  std::atomic<int> ran = 0;
  become_daemon();
  const auto make_some = [&] {
    for (int i = 0; i < 20; ++i) Thread([&] { ++ran; }).join();
  };
  make_some();
  for (Actor& maker : makers) maker.start(make_some);
  for (Actor& maker : makers) maker.finish();
  CHECK_EQ(ran, 80);
  // pthread_join(3) returns a little before the kernel has taken a thread off its list.
  AWAIT(thread_ids().size() == 4);
}

// A thread is made of several steps; the fork comes between any two of them.
TEST(either_way, "a thread that makes and joins threads all the time loses none of them") {
  std::atomic<bool> stop = false;
  std::atomic<int> ran = 0;
  int made = 0;
  Thread maker([&] {
    while (!stop) {
      pthread_t threads[3];
      for (pthread_t& thread : threads) {
        REQUIRE_EQ(pthread_create(&thread, nullptr, count_up, &ran), 0);
        ++made;
      }
      for (const pthread_t thread : threads) CHECK_EQ(pthread_join(thread, nullptr), 0);
    }
  });
  for (int generation = 0; generation < many_generations; ++generation) {
    AWAIT(ran > 3 * generation);
    become_daemon();
  }
  stop = true;
  maker.join();
  CHECK_EQ(ran, made);
  AWAIT(thread_ids().size() == 1);
}

// A detached thread that ends can be listed, and gone before it is signalled or parked.
TEST(either_way, "detached threads that end during the freeze are not waited for") {
  std::atomic<bool> stop = false;
  std::atomic<int> ran = 0;
  std::atomic<int> made = 0;
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  std::vector<std::unique_ptr<Thread>> makers;
  for (int i = 0; i < 2; ++i)
    makers.push_back(std::make_unique<Thread>([&] {
      while (!stop) {
        pthread_t thread;
        REQUIRE_EQ(pthread_create(&thread, &detached, count_up, &ran), 0);
        ++made;
        while (made > ran + 20) sched_yield();
      }
    }));
  for (int generation = 0; generation < many_generations; ++generation) {
    AWAIT(ran > 3 * generation);
    become_daemon();
  }
  stop = true;
  for (const auto& maker : makers) maker->join();
  AWAIT(ran == made);
  AWAIT(thread_ids().size() == 1);
}

TEST(either_way, "threads that end while the fork is under way end once, with their storage") {
  static std::atomic<int> destroyed;
  struct Destroyed {
    int lives = 1;
    ~Destroyed() { destroyed += lives; }
  };
  int made = 0;
  for (int generation = 0; generation < 30; ++generation) {
    std::atomic<bool> go = false;
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 8; ++i, ++made)
      threads.push_back(std::make_unique<Thread>([&] {
        static thread_local Destroyed object;
        const int lives = object.lives;
        while (!go) sched_yield();
        object.lives = lives;
      }));
    go = true;
    become_daemon();
    for (const auto& thread : threads) thread->join();
    CHECK_EQ(destroyed, made);
  }
}

TEST(either_way, "100 threads are carried over") {
  std::vector<std::unique_ptr<Actor>> actors(100);
  for (auto& actor : actors) actor = std::make_unique<Actor>();
  become_daemon();
  int ran = 0;
  for (auto& actor : actors) actor->run([&] { ++ran; });
  CHECK_EQ(ran, 100);
  actors.clear();
  AWAIT(thread_ids().size() == 1);
}

TEST(either_way, "500 threads, some at work and some at rest, are carried over") {
  constexpr int count = 500;
  Semaphore go;
  std::atomic<bool> stop = false;
  std::atomic<int> turns = 0;
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < count; ++i)
    threads.push_back(std::make_unique<Thread>(
        [&, i] {
          if (i % 250 == 0)
            while (!stop) ++turns;
          go.wait();
        },
        64 * 1024));
  become_daemon();
  CHECK_EQ(thread_ids().size(), static_cast<size_t>(count + 1));
  const int before = turns;
  AWAIT(turns > before);
  stop = true;
  for (int i = 0; i < count; ++i) go.post();
  for (const auto& thread : threads) thread->join();
  AWAIT(thread_ids().size() == 1);
}

}  // namespace

}  // namespace tsdaemon::test
