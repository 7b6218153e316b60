#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "harness.h"
#include "start.h"
#include "thread.h"

// The search for the locks that know their holder: a thread id is a small number, and most small
// numbers are something else.
namespace tsdaemon::test {

namespace {

/// The words of something, in which `id` stands for the id of a thread.
struct Words {
  const char* title;
  uint32_t words[12];
};

constexpr uint32_t id = 0xfeedbeef;
constexpr uint32_t waiters = 0x80000000;

constexpr uint32_t recursive = 1;
constexpr uint32_t error_checking = 2;
constexpr uint32_t robust = 16;
constexpr uint32_t inherit = 32;
constexpr uint32_t protect = 64;
constexpr uint32_t elision = 256;

constexpr Words false_friends[] = {
    {"a counter", {id}},
    {"a size in malloc's chunk header", {0, 0, id, 0, 0x1000, 0x7fff, 0x1000, 0x7fff}},
    {"a chunk header behind a small chunk", {1, 0, id, 0, 1}},
    {"a list of ids", {id, id, id, id, id, id, id, id, id, id, id, id}},
    {"an id among ones", {1, 1, id, 1}},
    {"an id and a length", {id, 0, id, 0, 16}},
    {"a pair of ids", {0, 0, id, 0, id}},
    {"a normal mutex that is held", {1, 0, id, 1, 0}},
    {"an adaptive mutex that is held", {1, 0, id, 1, 3}},
    {"a recursive mutex that is not locked", {0, 1, id, 1, recursive}},
    {"a recursive mutex that is locked by nothing we know", {3, 1, id, 1, recursive}},
    {"a recursive mutex that was never entered", {1, 0, id, 1, recursive}},
    {"a recursive mutex without users", {1, 1, id, 0, recursive}},
    {"a recursive mutex with absurdly many users", {1, 1, id, 0x7fffffff, recursive}},
    {"an error-checking mutex that counts", {1, 1, id, 1, error_checking}},
    {"a mutex of a kind that is unknown", {1, 1, id, 1, 0x1001}},
    {"a robust mutex whose lock is another's", {77, 1, id, 1, robust, 0, 8, 0x7f, 8, 0x7f}},
    {"malloc's lists of free memory, with links whose lower half is as small as an id",
     {id, 0x7f47, id, 0x7f47, 0x350, 0x7f47, 0x350, 0x7f47, 0x360, 0x7f47}},
    {"a robust mutex that spins", {id, 1, id, 1, robust, 7, 8, 0x7f, 8, 0x7f}},
    {"a robust mutex that counts", {id, 7, id, 1, robust, 0, 8, 0x7f, 8, 0x7f}},
    {"a robust mutex with a ceiling", {id, 1, id, 1, robust | protect, 0, 8, 0x7f, 8, 0x7f}},
    {"a PI mutex that elides", {id, 1, id, 1, inherit | elision}},
    {"a pair of links behind ones", {1, 1, id, 0x7f47, recursive}},
    {"a robust mutex in nobody's list", {id, 1, id, 1, robust}},
    {"a robust mutex in half a list", {id, 1, id, 1, robust, 0, 8, 0x7f}},
    {"a PI mutex in a list", {id, 0, id, 1, inherit, 0, 8, 0x7f, 8, 0x7f}},
    {"a PI mutex whose lock is free", {0, 0, id, 1, inherit}},
    {"a size in malloc's chunk header behind random bytes",
     {0xc3a91f57, 0x9d1e44aa, 0x5f00c311, 0x71e0c9d5, 0, 0, id, 0, 0x2f1c, 0x33}},
    {"a size in malloc's chunk header of an empty chunk behind random bytes",
     {0xc3a91f57, 0x9d1e44aa, 0x5f00c311, 0x71e0c9d5, 0, 0, id}},
    {"a rwlock of a preference that is unknown", {3, 0, 1, 1, 0, 0, id, 0, 0, 0, 0, 0x77}},
    {"a rwlock with something in its padding", {3, 0, 1, 1, 0, 7, id, 0}},
    {"a rwlock with something in its first padding", {3, 0, 1, 1, 7, 0, id, 0}},
    {"a rwlock that is read-locked", {8, 0, 0, 0, 0, 0, id, 0}},
    {"a rwlock without a writer's futex", {3, 0, 1, 0, 0, 0, id, 0}},
    {"a rwlock of a kind that is unknown", {3, 0, 1, 1, 0, 0, id, 2}},
    {"a recursive mutex at an address where none can be", {0, 1, 1, id, 1, recursive}},
};

constexpr Words true_friends[] = {
    {"a recursive mutex", {1, 1, id, 1, recursive}},
    {"a recursive mutex with waiters", {2, 3, id, 1, recursive}},
    {"an error-checking mutex", {1, 0, id, 1, error_checking}},
    {"a PI mutex", {id, 0, id, 1, inherit}},
    {"a PI mutex with waiters", {id | waiters, 0, id, 1, inherit}},
    {"a robust mutex with waiters", {id | waiters, 0, id, 1, robust, 0, 8, 0x7f, 8, 0x7f}},
    {"a rwlock", {3, 0, 1, 1, 0, 0, id, 0}},
    {"a rwlock with waiters", {7, 2, 3, 3, 0, 0, id, 1}},
};

constexpr size_t slot = 16;  // words

template <size_t count>
void write_with(uint32_t* memory, const Words (&things)[count], int thread) {
  const auto number = static_cast<uint32_t>(thread);
  memset(memory, 0, count * slot * sizeof(uint32_t));
  for (size_t i = 0; i < count; ++i)
    for (size_t word = 0; word < std::size(things[i].words); ++word) {
      const uint32_t value = things[i].words[word];
      memory[i * slot + word] = value == id               ? number
                                : value == (id | waiters) ? number | waiters
                                                          : value;
    }
}

/// Where the things are, and what should be there.
template <size_t count>
class Things {
 public:
  Things(const Words (&things)[count], uint32_t* memory, int thread)
      : things_(things), memory_(memory) {
    write_with(memory_, things_, thread);
  }

  void are_with(int thread) const {
    uint32_t expected[count * slot];
    write_with(expected, things_, thread);
    for (size_t i = 0; i < count; ++i)
      if (memcmp(memory_ + i * slot, expected + i * slot, slot * sizeof(uint32_t)) != 0)
        fail(__FILE__, __LINE__, things_[i].title);
  }

 private:
  const Words (&things_)[count];
  uint32_t* memory_;
};

alignas(64) uint32_t in_bss[slot * 64];
alignas(64) uint32_t in_data[slot * 64] = {1};

TEST(either_way, "words that look like a lock's holder, in what is no lock, are left untouched") {
  Actor thread;
  const int of_thread = thread.first_id();
  const int of_main = id_of(pthread_self());
  using Friends = Things<std::size(false_friends)>;
  alignas(64) uint32_t on_stack[slot * 64];
  const auto on_heap = std::make_unique<uint32_t[]>(slot * 64);
  const Friends things[] = {{false_friends, in_bss, of_thread},
                            {false_friends, in_data, of_main},
                            {false_friends, on_stack, of_thread},
                            {false_friends, on_heap.get(), of_main}};
  become_daemon();
  things[0].are_with(of_thread);
  things[1].are_with(of_main);
  things[2].are_with(of_thread);
  things[3].are_with(of_main);
}

TEST(either_way, "locks with the id of a thread that is not there are left untouched") {
  constexpr int nobody = 0x3ffffff0;
  Actor thread;
  const Things<std::size(true_friends)> things(true_friends, in_bss, nobody);
  become_daemon();
  things.are_with(nobody);
}

TEST(either_way, "what looks like a lock in every word gets the new id, and nothing else does") {
  Actor thread;
  const Things<std::size(true_friends)> of_thread(true_friends, in_bss, thread.first_id());
  const Things<std::size(true_friends)> of_main(true_friends, in_data, id_of(pthread_self()));
  for (int generation = 0; generation < 3; ++generation) {
    become_daemon();
    of_thread.are_with(id_of(thread.handle()));
    of_main.are_with(id_of(pthread_self()));
  }
}

pthread_mutex_t in_zeroed_memory;
pthread_mutex_t in_initialized_memory = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
thread_local pthread_mutex_t in_thread_local_storage;

void make_recursive(pthread_mutex_t* mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

TEST(either_way, "a held lock is found wherever it lies") {
  constexpr size_t page = 4096;
  constexpr size_t sparse_size = size_t{16} << 30;
  const auto map = [](size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    return static_cast<char*>(memory);
  };
  const auto mutex_at = [](void* address) { return static_cast<pthread_mutex_t*>(address); };
  char* pages = map(4 * page);
  char* sparse = map(sparse_size);
  pthread_mutex_t on_main_stack;
  std::vector<pthread_mutex_t*> mutexes{&on_main_stack,
                                        &in_zeroed_memory,
                                        &in_initialized_memory,
                                        mutex_at(pages),
                                        mutex_at(pages + 4 * page - sizeof(pthread_mutex_t)),
                                        mutex_at(sparse + sparse_size / 2)};
  // At every place where a search by pages or by blocks may lose it.
  for (size_t boundary = 512; boundary <= 2 * page; boundary *= 2)
    mutexes.push_back(mutex_at(pages + boundary - 16));
  for (size_t before = 8; before < sizeof(pthread_mutex_t); before += 8)
    mutexes.push_back(mutex_at(sparse + 64 * before * page - before));
  const auto on_heap = std::make_unique<pthread_mutex_t[]>(1000);
  mutexes.push_back(&on_heap[999]);

  Actor holder;
  pthread_mutex_t* on_thread_stack = nullptr;
  Semaphore ready;
  Semaphore go;
  Thread other([&] {
    pthread_mutex_t mutex;
    make_recursive(&mutex);
    on_thread_stack = &mutex;
    ready.post();
    go.wait();
  });
  ready.wait();
  mutexes.push_back(on_thread_stack);
  holder.run([&] {
    mutexes.push_back(&in_thread_local_storage);
    for (pthread_mutex_t* mutex : mutexes) {
      if (mutex != &in_initialized_memory && mutex != on_thread_stack) make_recursive(mutex);
      REQUIRE_EQ(pthread_mutex_lock(mutex), 0);
    }
  });
  become_daemon();
  for (size_t i = 0; i < mutexes.size(); ++i) {
    CHECK_EQ(pthread_mutex_trylock(mutexes[i]), EBUSY);
    holder.run([&] {
      if (pthread_mutex_trylock(mutexes[i]) != 0)
        fail(__FILE__, __LINE__, "the holder of mutex " + std::to_string(i));
    });
  }
  go.post();
  other.join();
}

}  // namespace

}  // namespace tsdaemon::test
