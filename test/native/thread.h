#pragma once

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <cstddef>
#include <functional>

namespace tsdaemon::test {

class Semaphore {
 public:
  explicit Semaphore(unsigned value = 0) { sem_init(&semaphore_, 0, value); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  void post() { sem_post(&semaphore_); }
  void wait();
  sem_t* handle() { return &semaphore_; }

 private:
  sem_t semaphore_;
};

/// A thread of a case; joined by `join`, or at the end of its scope.
class Thread {
 public:
  static constexpr size_t small_stack = 256 * 1024;

  explicit Thread(std::function<void()> body, size_t stack_size = small_stack);
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();

  void join();
  /// Somebody else joins it.
  void leave_to_others() { joined_ = true; }
  pthread_t handle() const { return handle_; }

  /// The kernel's number of it at its start; after a fork it has another one.
  int first_id() const;

 private:
  static void* run(void* self);

  std::function<void()> body_;
  std::atomic<int> first_id_ = 0;
  pthread_t handle_{};
  bool joined_ = false;
};

/// The kernel's number of a thread, as the C library has it: the one that pthread_kill(3) uses.
int id_of(pthread_t thread);

/// A thread that does one thing after the other, as it is told.
class Actor {
 public:
  Actor();
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor();

  /// Does it on that thread; returns at once.
  void start(std::function<void()> task);
  /// Waits until what was started is done.
  void finish();
  void run(std::function<void()> task);

  int first_id() const { return thread_.first_id(); }
  pthread_t handle() const { return thread_.handle(); }

 private:
  Semaphore told_;
  Semaphore done_;
  std::function<void()> task_;
  Thread thread_;
};

}  // namespace tsdaemon::test
