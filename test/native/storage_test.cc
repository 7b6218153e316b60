#include <pthread.h>

#include <cerrno>

#include "harness.h"
#include "start.h"
#include "thread.h"

// What a thread has for itself: its stack, its thread-local storage, its errno.
namespace tsdaemon::test {

namespace {

thread_local int local = 0;
thread_local std::string local_text;

TEST(either_way, "thread-local storage of every thread is kept") {
  pthread_key_t key;
  pthread_key_create(&key, nullptr);
  Actor actors[4];
  int values[4];
  for (int i = 0; i < 4; ++i)
    actors[i].run([&] {
      local = 100 + i;
      local_text = std::string(40, static_cast<char>('a' + i));
      errno = 200 + i;
      pthread_setspecific(key, &values[i]);
    });
  local = 7;
  pthread_setspecific(key, &key);
  become_daemon();
  for (int i = 0; i < 4; ++i)
    actors[i].run([&] {
      CHECK_EQ(local, 100 + i);
      CHECK_EQ(local_text, std::string(40, static_cast<char>('a' + i)));
      CHECK(pthread_getspecific(key) == &values[i]);
    });
  CHECK_EQ(local, 7);
  CHECK(pthread_getspecific(key) == &key);
}

TEST(either_way, "errno of a thread is not touched") {
  std::atomic<bool> go = false;
  std::atomic<int> seen = 0;
  std::atomic<bool> set = false;
  Thread thread([&] {
    errno = 1234;
    set = true;
    while (!go) {
    }
    seen = errno;
  });
  AWAIT(set);
  become_daemon();
  go = true;
  thread.join();
  CHECK_EQ(seen, 1234);
}

TEST(either_way, "the stack that the C library knows of a thread is the one it runs on") {
  const auto is_on_its_stack = [] {
    pthread_attr_t attributes;
    void* start = nullptr;
    size_t size = 0;
    const char here = 0;
    CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    pthread_attr_getstack(&attributes, &start, &size);
    pthread_attr_destroy(&attributes);
    CHECK(&here >= start && &here < static_cast<char*>(start) + size);
  };
  Actor thread;
  become_daemon();
  is_on_its_stack();
  thread.run(is_on_its_stack);
}

}  // namespace

}  // namespace tsdaemon::test
