#include "lock_kinds.h"

#include <pthread.h>
#include <time.h>

namespace tsdaemon::test {

namespace {

template <int type, int protocol = PTHREAD_PRIO_NONE, int robust = PTHREAD_MUTEX_STALLED,
          int shared = PTHREAD_PROCESS_PRIVATE>
class Mutex : public Lock {
 public:
  Mutex() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutexattr_setpshared(&attributes, shared);
    pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }
  int lock() override { return pthread_mutex_lock(&mutex_); }
  int try_lock() override { return pthread_mutex_trylock(&mutex_); }
  int unlock() override { return pthread_mutex_unlock(&mutex_); }

 protected:
  pthread_mutex_t mutex_;
};

/// glibc reads the id before it waits, and stores it then.
template <int type, int protocol = PTHREAD_PRIO_NONE>
class TimedMutex : public Mutex<type, protocol> {
 public:
  int lock() override {
    timespec end{};
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 3600;
    return pthread_mutex_timedlock(&this->mutex_, &end);
  }
};

// What only glibc has.
constexpr int any_preference = -1;
#if defined(__GLIBC__)
constexpr int readers_first = PTHREAD_RWLOCK_PREFER_READER_NP;
constexpr int writers_first = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
constexpr int adaptive = PTHREAD_MUTEX_ADAPTIVE_NP;
void prefer(pthread_rwlockattr_t* attributes, int kind) {
  pthread_rwlockattr_setkind_np(attributes, kind);
}
#else
constexpr int readers_first = any_preference, writers_first = any_preference;
constexpr int adaptive = PTHREAD_MUTEX_NORMAL;
void prefer(pthread_rwlockattr_t*, int) {}
#endif

template <int kind, int shared = PTHREAD_PROCESS_PRIVATE>
class WriteLock : public Lock {
 public:
  WriteLock() {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    if constexpr (kind != any_preference) prefer(&attributes, kind);
    pthread_rwlockattr_setpshared(&attributes, shared);
    pthread_rwlock_init(&lock_, &attributes);
    pthread_rwlockattr_destroy(&attributes);
  }
  int lock() override { return pthread_rwlock_wrlock(&lock_); }
  int try_lock() override { return pthread_rwlock_trywrlock(&lock_); }
  int unlock() override { return pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

template <typename Kind>
std::unique_ptr<Lock> make() {
  return std::make_unique<Kind>();
}

constexpr int normal = PTHREAD_MUTEX_NORMAL;
constexpr int recursive = PTHREAD_MUTEX_RECURSIVE;
constexpr int error_checking = PTHREAD_MUTEX_ERRORCHECK;
constexpr int none = PTHREAD_PRIO_NONE;
constexpr int inherit = PTHREAD_PRIO_INHERIT;
constexpr int stalled = PTHREAD_MUTEX_STALLED;
constexpr int robust = PTHREAD_MUTEX_ROBUST;
constexpr int shared = PTHREAD_PROCESS_SHARED;

}  // namespace

const std::vector<LockKind>& lock_kinds() {
  static const std::vector<LockKind> kinds{
      {"a normal mutex", Again::waits, make<Mutex<normal>>},
      {"an adaptive mutex", Again::waits, make<Mutex<adaptive>>},
      {"a recursive mutex", Again::enters, make<Mutex<recursive>>},
      {"an error-checking mutex", Again::deadlock, make<Mutex<error_checking>>},
      {"a shared recursive mutex", Again::enters, make<Mutex<recursive, none, stalled, shared>>},
      {"a PI mutex", Again::waits, make<Mutex<normal, inherit>>},
      {"a recursive PI mutex", Again::enters, make<Mutex<recursive, inherit>>},
      {"an error-checking PI mutex", Again::deadlock, make<Mutex<error_checking, inherit>>},
      {"a robust mutex", Again::waits, make<Mutex<normal, none, robust>>},
      {"a recursive robust mutex", Again::enters, make<Mutex<recursive, none, robust>>},
      {"an error-checking robust mutex", Again::deadlock,
       make<Mutex<error_checking, none, robust>>},
      {"a shared robust mutex", Again::waits, make<Mutex<normal, none, robust, shared>>},
      {"a robust PI mutex", Again::waits, make<Mutex<normal, inherit, robust>>},
      {"a timed recursive mutex", Again::enters, make<TimedMutex<recursive>>},
      {"a timed error-checking mutex", Again::deadlock, make<TimedMutex<error_checking>>},
      {"a timed PI mutex", Again::waits, make<TimedMutex<normal, inherit>>},
      {"a write-locked rwlock", write_again, make<WriteLock<readers_first>>},
      {"a write-locked rwlock that prefers writers", write_again, make<WriteLock<writers_first>>},
      {"a shared write-locked rwlock", write_again, make<WriteLock<readers_first, shared>>},
  };
  return kinds;
}

}  // namespace tsdaemon::test
