#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <shared_mutex>

#include "harness.h"
#include "lock_kinds.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Locks that are held across the fork. Several kinds know their holder by its thread id, and the
// ids have changed.
namespace tsdaemon::test {

namespace {

/// Does it on that thread, or on main for null.
void on(Actor* actor, const std::function<void()>& task) {
  if (actor != nullptr)
    actor->run(task);
  else
    task();
}

void is_known_to_its_holder(Lock* lock, Again again) {
  if (again == Again::enters) {
    CHECK_EQ(lock->lock(), 0);
    CHECK_EQ(lock->try_lock(), 0);
    CHECK_EQ(lock->unlock(), 0);
    CHECK_EQ(lock->unlock(), 0);
  }
  if (again == Again::deadlock) CHECK_EQ(lock->lock(), EDEADLK);
}

void takes_it_and_lets_it_go(Lock* lock, Again again) {
  REQUIRE_EQ(lock->lock(), 0);
  is_known_to_its_holder(lock, again);
  CHECK_EQ(lock->unlock(), 0);
}

void held_across_the_fork(const LockKind& kind, bool by_main, bool contended) {
  const std::unique_ptr<Lock> lock = kind.make();
  Actor thread;
  Actor other;
  Actor waiters[2];
  Actor* holder = by_main ? nullptr : &thread;
  on(holder, [&] { REQUIRE_EQ(lock->lock(), 0); });
  if (contended)
    for (Actor& waiter : waiters) {
      waiter.start([&] { takes_it_and_lets_it_go(lock.get(), kind.again); });
      AWAIT(sleeps_in(waiter.first_id(), SYS_futex));
    }

  become_daemon();
  other.run([&] { CHECK_EQ(lock->try_lock(), EBUSY); });
  on(holder, [&] {
    is_known_to_its_holder(lock.get(), kind.again);
    CHECK_EQ(lock->unlock(), 0);
  });
  if (contended)
    for (Actor& waiter : waiters) waiter.finish();
  other.run([&] { takes_it_and_lets_it_go(lock.get(), kind.again); });
  on(holder, [&] { takes_it_and_lets_it_go(lock.get(), kind.again); });
}

const Registration locks([] {
  for (const LockKind& kind : lock_kinds())
    for (const bool by_main : {false, true})
      for (const bool contended : {false, true})
        add_case(either_way,
                 std::string(kind.name) + " held across the fork by " +
                     (by_main ? "main" : "another thread") + (contended ? ", with waiters," : "") +
                     " is released by its holder, and taken again",
                 [=, &kind] { held_across_the_fork(kind, by_main, contended); });
});

// musl has no coroutines.
#if defined(__GLIBC__)
// What is read of a stack to find an id there need not be all there: a coroutine's.
TEST(either_way, "a thread on a stack that ends near by takes and releases a robust mutex") {
  static pthread_mutex_t mutex;
  static std::atomic<bool> stop;
  static std::atomic<int> turns;
  static ucontext_t home;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  Thread thread([] {
    constexpr size_t size = 64 * 1024;
    auto* memory =
        static_cast<char*>(mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE_EQ(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
    ucontext_t coroutine{};
    getcontext(&coroutine);
    coroutine.uc_stack = {memory, 0, size};
    coroutine.uc_link = &home;
    makecontext(
        &coroutine,
        [] {
          for (; !stop; ++turns) {
            pthread_mutex_lock(&mutex);
            pthread_mutex_unlock(&mutex);
          }
        },
        0);
    swapcontext(&home, &coroutine);
  });
  for (int generation = 0; generation < 10; ++generation) {
    become_daemon();
    const int before = turns;
    AWAIT(turns > before + 10);
  }
  stop = true;
  thread.join();
}
#endif

TEST(either_way, "a recursive mutex that was taken three times is to be released three times") {
  std::recursive_mutex mutex;
  Actor holder;
  Actor other;
  holder.run([&] {
    for (int i = 0; i < 3; ++i) mutex.lock();
  });
  become_daemon();
  for (int i = 0; i < 3; ++i) {
    other.run([&] { CHECK(!mutex.try_lock()); });
    holder.run([&] { mutex.unlock(); });
  }
  other.run([&] {
    CHECK(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(either_way, "an error-checking mutex is not released by a thread that does not hold it") {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  Actor holder;
  Actor other;
  holder.run([&] { REQUIRE_EQ(pthread_mutex_lock(&mutex), 0); });
  become_daemon();
  other.run([&] { CHECK_EQ(pthread_mutex_unlock(&mutex), EPERM); });
  CHECK_EQ(pthread_mutex_unlock(&mutex), EPERM);
  holder.run([&] { CHECK_EQ(pthread_mutex_unlock(&mutex), 0); });
}

TEST(either_way, "a rwlock that two threads hold for reading keeps its writer waiting") {
  std::shared_mutex lock;
  Actor readers[2];
  Actor writer;
  for (Actor& reader : readers) reader.run([&] { lock.lock_shared(); });
  writer.start([&] { lock.lock(); });
  AWAIT(sleeps_in(writer.first_id(), SYS_futex));
  become_daemon();
  CHECK(!lock.try_lock());
  for (Actor& reader : readers) reader.run([&] { lock.unlock_shared(); });
  writer.finish();
  CHECK(!lock.try_lock_shared());
  writer.run([&] { lock.unlock(); });
  CHECK(lock.try_lock_shared());
  lock.unlock_shared();
}

#if defined(__GLIBC__)
// glibc's handover: the next writer gets the lock without the writers ever having let it go.
TEST(either_way, "a rwlock that one writer handed to the next is released by the next") {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
  Actor first;
  Actor next;
  Actor reader;
  first.run([&] { REQUIRE_EQ(pthread_rwlock_wrlock(&lock), 0); });
  next.start([&] { REQUIRE_EQ(pthread_rwlock_wrlock(&lock), 0); });
  AWAIT(sleeps_in(next.first_id(), SYS_futex));
  reader.start([&] { REQUIRE_EQ(pthread_rwlock_rdlock(&lock), 0); });
  AWAIT(sleeps_in(reader.first_id(), SYS_futex));
  first.run([&] { REQUIRE_EQ(pthread_rwlock_unlock(&lock), 0); });
  next.finish();
  become_daemon();
  next.run([&] {
    CHECK_EQ(pthread_rwlock_wrlock(&lock), EDEADLK);
    CHECK_EQ(pthread_rwlock_unlock(&lock), 0);
  });
  reader.finish();
  reader.run([&] { CHECK_EQ(pthread_rwlock_unlock(&lock), 0); });
  CHECK_EQ(pthread_rwlock_wrlock(&lock), 0);
  CHECK_EQ(pthread_rwlock_unlock(&lock), 0);
}
#endif

// The mutex stays the waiter's in glibc's count of users, but not in its owner.
TEST(either_way, "a recursive mutex that a condition variable let go of is taken again") {
  std::recursive_mutex mutex;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  bool woken = false;
  Actor waiter;
  waiter.start([&] {
    mutex.lock();
    while (!woken) pthread_cond_wait(&condition, mutex.native_handle());
    mutex.lock();
    mutex.unlock();
    mutex.unlock();
  });
  AWAIT(sleeps_in(waiter.first_id(), SYS_futex));
  mutex.lock();
  become_daemon();
  woken = true;
  pthread_cond_signal(&condition);
  mutex.unlock();
  waiter.finish();
  CHECK(mutex.try_lock());
  mutex.unlock();
}

TEST(either_way, "locks that are held stay their holders' through one fork after the other") {
  std::recursive_mutex recursive;
  pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
  Actor holder;
  holder.run([&] {
    recursive.lock();
    pthread_rwlock_wrlock(&rwlock);
  });
  for (int generation = 0; generation < 20; ++generation) {
    become_daemon();
    holder.run([&] {
      CHECK(recursive.try_lock());
      recursive.unlock();
      // musl does not know who holds it.
      constexpr bool knows = write_again == Again::deadlock;
      CHECK_EQ(knows ? pthread_rwlock_wrlock(&rwlock) : pthread_rwlock_trywrlock(&rwlock),
               knows ? EDEADLK : EBUSY);
    });
  }
  holder.run([&] {
    recursive.unlock();
    CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
  });
  CHECK(recursive.try_lock());
  CHECK_EQ(pthread_rwlock_wrlock(&rwlock), 0);
}

}  // namespace

}  // namespace tsdaemon::test
