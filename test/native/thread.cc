#include "thread.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness.h"

namespace tsdaemon::test {

void Semaphore::wait() {
  while (sem_wait(&semaphore_) != 0) REQUIRE_EQ(errno, EINTR);
}

Thread::Thread(std::function<void()> body, size_t stack_size) : body_(std::move(body)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  REQUIRE_EQ(pthread_create(&handle_, &attributes, run, this), 0);
  pthread_attr_destroy(&attributes);
}

Thread::~Thread() {
  if (!joined_) join();
}

void Thread::join() {
  joined_ = true;
  CHECK_EQ(pthread_join(handle_, nullptr), 0);
}

int Thread::first_id() const {
  AWAIT(first_id_ != 0);
  return first_id_;
}

void* Thread::run(void* self) {
  auto* thread = static_cast<Thread*>(self);
  thread->first_id_ = static_cast<int>(syscall(SYS_gettid));
  thread->body_();
  return nullptr;
}

// A CPU-time clock of a thread is made of its number: ~number << 3, and three bits of kind.
int id_of(pthread_t thread) {
  clockid_t clock = 0;
  CHECK_EQ(pthread_getcpuclockid(thread, &clock), 0);
  return ~(clock >> 3);
}

Actor::Actor()
    : thread_([this] {
        for (;;) {
          told_.wait();
          if (!task_) return;
          task_();
          done_.post();
        }
      }) {}

Actor::~Actor() {
  start({});
  thread_.join();
}

void Actor::start(std::function<void()> task) {
  task_ = std::move(task);
  told_.post();
}

void Actor::finish() { done_.wait(); }

void Actor::run(std::function<void()> task) {
  start(std::move(task));
  finish();
}

}  // namespace tsdaemon::test
