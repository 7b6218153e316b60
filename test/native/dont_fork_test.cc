#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Memory that madvise(2) keeps out of a fork, as V8's heap is.
namespace tsdaemon::test {

namespace {

constexpr size_t page = 4096;

unsigned char* map(size_t size, int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return static_cast<unsigned char*>(memory);
}

void keep_out_of_forks(void* memory, size_t size) {
  REQUIRE_EQ(madvise(memory, size, MADV_DONTFORK), 0);
}

bool is_all(const unsigned char* memory, size_t size, unsigned char byte) {
  for (size_t i = 0; i < size; ++i)
    if (memory[i] != byte) return false;
  return true;
}

/// True if a child that is forked has memory at that address.
bool child_has(const void* address) {
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  const pid_t child = fork();
  // The kernel tells, by EFAULT, where a look would be the end.
  if (child == 0) _exit(write(ends[1], address, 1) == 1 ? 1 : errno == EFAULT ? 2 : 3);
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  close(ends[0]);
  close(ends[1]);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 2);
  return WEXITSTATUS(status) == 1;
}

TEST(either_way, "memory that is kept out of a fork comes along, and is kept out again") {
  constexpr size_t size = 64 * page;
  unsigned char* kept_out = map(size);
  unsigned char* plain = map(size);
  memset(kept_out, 0xa5, size);
  memset(plain, 0x3c, size);
  keep_out_of_forks(kept_out, size);
  Actor thread;
  CHECK(!child_has(kept_out));
  for (int generation = 0; generation < 3; ++generation) {
    become_daemon();
    CHECK(is_all(kept_out, size, 0xa5));
    CHECK(is_all(plain, size, 0x3c));
    CHECK(is_flagged(kept_out, "dc"));
    CHECK(!is_flagged(plain, "dc"));
    CHECK(!child_has(kept_out));
    CHECK(child_has(plain));
    thread.run([&] { CHECK(is_all(kept_out, size, 0xa5)); });
  }
}

TEST(either_way, "thousands of ranges that are kept out of a fork come along") {
  constexpr size_t count = 3000;
  unsigned char* memory = map(2 * count * page);
  for (size_t i = 0; i < count; ++i) {
    unsigned char* range = memory + 2 * i * page;
    memset(range, static_cast<int>(i % 251), page);
    keep_out_of_forks(range, page);
  }
  const std::string before = ranges_flagged("dc");
  become_daemon();
  for (size_t i = 0; i < count; ++i)
    CHECK(is_all(memory + 2 * i * page, page, static_cast<unsigned char>(i % 251)));
  CHECK(ranges_flagged("dc") == before);
}

// So that a child is looked at, and not every page.
TEST(either_way, "a heap of small mappings that are kept out of a fork comes along") {
  constexpr size_t count = 1000, size = 64 * page;
  unsigned char* memory = map(2 * count * size);
  for (size_t i = 0; i < 2 * count; ++i) {
    unsigned char* range = memory + i * size;
    memset(range, static_cast<int>(i % 251), page);
    if (i % 2 == 0)
      keep_out_of_forks(range, size);
    else
      mprotect(range + size - page, page, PROT_NONE);
  }
  const std::string before = ranges_flagged("dc");
  Actor thread;
  for (int generation = 0; generation < 2; ++generation) {
    become_daemon();
    for (size_t i = 0; i < 2 * count; ++i)
      CHECK(is_all(memory + i * size, page, static_cast<unsigned char>(i % 251)));
    CHECK(ranges_flagged("dc") == before);
    CHECK(!child_has(memory));
    CHECK(child_has(memory + size));
    CHECK_EQ(waitpid(-1, nullptr, WNOHANG | __WALL), -1);
    thread.run([&] { CHECK(is_all(memory, page, 0)); });
  }
}

TEST(either_way, "shared, unreadable and read-only memory that is kept out of a fork comes along") {
  unsigned char* shared = map(page, MAP_SHARED | MAP_ANONYMOUS);
  unsigned char* unreadable = map(page);
  unsigned char* read_only = map(page);
  for (unsigned char* memory : {shared, unreadable, read_only}) {
    memset(memory, 0x77, page);
    keep_out_of_forks(memory, page);
  }
  mprotect(unreadable, page, PROT_NONE);
  mprotect(read_only, page, PROT_READ);
  become_daemon();
  CHECK(is_all(shared, page, 0x77));
  CHECK(is_all(read_only, page, 0x77));
  for (unsigned char* memory : {shared, unreadable, read_only}) CHECK(is_flagged(memory, "dc"));
  mprotect(unreadable, page, PROT_READ);
  CHECK(is_all(unreadable, page, 0x77));
}

TEST(either_way, "a thread whose very stack is kept out of a fork goes on") {
  constexpr size_t size = 64 * page;
  static Semaphore go;
  unsigned char* stack = map(size);
  keep_out_of_forks(stack, size);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, size);
  pthread_t thread;
  REQUIRE_EQ(pthread_create(
                 &thread, &attributes,
                 [](void* self) -> void* {
                   go.wait();
                   return self;
                 },
                 &go),
             0);
  become_daemon();
  go.post();
  void* returned = nullptr;
  CHECK_EQ(pthread_join(thread, &returned), 0);
  CHECK(returned == &go);
}

// The memory is to be read when the threads stand still, not before.
TEST(either_way, "memory that a thread maps and keeps out of forks all the time comes along") {
  constexpr size_t size = 16 * page;
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  Thread mapper([&] {
    for (; !stop; ++rounds) {
      unsigned char* memory = map(size);
      keep_out_of_forks(memory, size);
      memset(memory, 0x42, size);
      if (!is_all(memory, size, 0x42)) fail(__FILE__, __LINE__, "other memory");
      munmap(memory, size);
    }
  });
  for (int generation = 0; generation < 50; ++generation) {
    const int before = rounds;
    AWAIT(rounds > before);
    become_daemon();
  }
  stop = true;
  mapper.join();
}

}  // namespace

}  // namespace tsdaemon::test
