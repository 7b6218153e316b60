#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "harness.h"
#include "proc.h"
#include "start.h"
#include "thread.h"

// Threads that wait in the kernel when the fork comes.
namespace tsdaemon::test {

namespace {

constexpr int many_seconds = 1000;

timespec far_from_now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  time.tv_sec += many_seconds;
  return time;
}

/// One way to wait, and what ends it. `wait` is called again for as long as it returns false:
/// like any signal with a handler, parking interrupts what the kernel does not restart.
struct Wait {
  virtual ~Wait() = default;
  virtual bool wait() = 0;
  virtual void wake() = 0;
};

/// What a descriptor of a pair waits for comes from its other end.
struct DescriptorWait : Wait {
  DescriptorWait() { REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  void wake() override { CHECK_EQ(write(ends_[1], "x", 1), 1); }
  int ends_[2];
};

// SA_RESTART: not interrupted.
struct Read : DescriptorWait {
  bool wait() override {
    char byte = 0;
    CHECK_EQ(read(ends_[0], &byte, 1), 1);
    return CHECK_EQ(byte, 'x');
  }
};

struct Receive : DescriptorWait {
  bool wait() override {
    char byte = 0;
    CHECK_EQ(recv(ends_[0], &byte, 1, 0), 1);
    return CHECK_EQ(byte, 'x');
  }
};

struct Poll : DescriptorWait {
  bool wait() override {
    pollfd fd{ends_[0], POLLIN, 0};
    return poll(&fd, 1, -1) == 1;
  }
};

struct Epoll : DescriptorWait {
  Epoll() {
    epoll_event event{EPOLLIN, {.u64 = 77}};
    REQUIRE_EQ(epoll_ctl(set_, EPOLL_CTL_ADD, ends_[0], &event), 0);
  }
  bool wait() override {
    epoll_event event{};
    return epoll_wait(set_, &event, 1, -1) == 1 && CHECK_EQ(event.data.u64, 77U);
  }
  int set_ = epoll_create1(EPOLL_CLOEXEC);
};

struct EventDescriptor : Wait {
  bool wait() override {
    eventfd_t value = 0;
    CHECK_EQ(eventfd_read(event_, &value), 0);
    return CHECK_EQ(value, 5U);
  }
  void wake() override { CHECK_EQ(eventfd_write(event_, 5), 0); }
  int event_ = eventfd(0, EFD_CLOEXEC);
};

struct Accept : Wait {
  Accept() {
    REQUIRE_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address_), sizeof(address_)), 0);
    REQUIRE_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof(address_);
    REQUIRE_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }
  bool wait() override { return accept(listener_, nullptr, nullptr) >= 0; }
  void wake() override {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(client, reinterpret_cast<sockaddr*>(&address_), sizeof(address_)), 0);
  }
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
};

struct SemaphoreWait : Wait {
  bool wait() override { return sem_wait(semaphore_.handle()) == 0; }
  void wake() override { semaphore_.post(); }
  Semaphore semaphore_;
};

struct TimedSemaphoreWait : SemaphoreWait {
  bool wait() override {
    const timespec end = far_from_now(CLOCK_REALTIME);
    return sem_timedwait(semaphore_.handle(), &end) == 0;
  }
};

struct Condition : Wait {
  bool wait() override {
    pthread_mutex_lock(&mutex_);
    while (!woken_) CHECK_EQ(sleep(), 0);
    pthread_mutex_unlock(&mutex_);
    return true;
  }
  virtual int sleep() { return pthread_cond_wait(&condition_, &mutex_); }
  void wake() override {
    pthread_mutex_lock(&mutex_);
    woken_ = true;
    pthread_cond_broadcast(&condition_);
    pthread_mutex_unlock(&mutex_);
  }
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
  bool woken_ = false;
};

struct TimedCondition : Condition {
  int sleep() override {
    const timespec end = far_from_now(CLOCK_REALTIME);
    return pthread_cond_timedwait(&condition_, &mutex_, &end);
  }
};

struct Futex : Wait {
  bool wait() override {
    const timespec timeout{many_seconds, 0};
    while (word_ == 0) syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 0, &timeout, nullptr, 0);
    return true;
  }
  void wake() override {
    word_ = 1;
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  std::atomic<uint32_t> word_ = 0;
};

struct Barrier : Wait {
  Barrier() { pthread_barrier_init(&barrier_, nullptr, 2); }
  bool wait() override {
    pthread_barrier_wait(&barrier_);
    return true;
  }
  void wake() override { pthread_barrier_wait(&barrier_); }
  pthread_barrier_t barrier_;
};

// The kernel wakes it by the word that holds the other's id, which the fork has changed.
struct Join : Wait {
  bool wait() override { return pthread_join(other_.handle(), nullptr) == 0; }
  void wake() override {
    other_.leave_to_others();
    go_.post();
  }
  Semaphore go_;
  Thread other_{[this] { go_.wait(); }};
};

struct FileLock : Wait {
  FileLock() { REQUIRE_EQ(flock(ours_, LOCK_EX), 0); }
  bool wait() override { return flock(theirs_, LOCK_EX) == 0; }
  void wake() override { CHECK_EQ(flock(ours_, LOCK_UN), 0); }
  int ours_ = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int theirs_ = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
};

struct Sleep : Wait {
  bool wait() override {
    while (nanosleep(&left_, &left_) != 0) CHECK_EQ(errno, EINTR);
    return true;
  }
  void wake() override {}
  timespec left_{0, 300'000'000};
};

template <typename Kind>
void goes_on_waiting(long number, long other) {
  Kind kind;
  std::atomic<bool> woken = false;
  Thread waiter([&] {
    while (!kind.wait()) {
    }
    woken = true;
  });
  AWAIT(sleeps_in(waiter.first_id(), number) || sleeps_in(waiter.first_id(), other));
  become_daemon();
  CHECK(!woken);
  kind.wake();
  waiter.join();
  CHECK(woken);
}

template <typename Kind>
void add(const std::string& where, long number, long other = -1) {
  add_case(either_way, "a thread that waits in " + where + " goes on waiting, and is woken",
           [=] { goes_on_waiting<Kind>(number, other); });
}

// A C library may make another call of it, and a new architecture has only those with a signal
// mask.
#if defined(SYS_poll)
constexpr long poll_number = SYS_poll, epoll_number = SYS_epoll_wait;
#else
constexpr long poll_number = SYS_ppoll, epoll_number = SYS_epoll_pwait;
#endif

const Registration waits([] {
  add<Read>("read", SYS_read);
  add<Receive>("recv", SYS_recvfrom);
  add<Poll>("poll", poll_number, SYS_ppoll);
  add<Epoll>("epoll_wait", epoll_number, SYS_epoll_pwait);
  add<EventDescriptor>("read of an eventfd", SYS_read);
  add<Accept>("accept", SYS_accept);
  add<SemaphoreWait>("sem_wait", SYS_futex);
  add<TimedSemaphoreWait>("sem_timedwait", SYS_futex);
  add<Condition>("pthread_cond_wait", SYS_futex);
  add<TimedCondition>("pthread_cond_timedwait", SYS_futex);
  add<Futex>("a futex with a timeout", SYS_futex);
  add<Barrier>("a barrier", SYS_futex);
  add<Join>("pthread_join", SYS_futex);
  add<FileLock>("flock", SYS_flock);
  add<Sleep>("nanosleep", SYS_clock_nanosleep, SYS_nanosleep);
});

}  // namespace

}  // namespace tsdaemon::test
