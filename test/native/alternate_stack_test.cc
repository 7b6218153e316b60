#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>

#include "harness.h"
#include "start.h"
#include "thread.h"

// sigaltstack(2), which the kernel drops at clone.
namespace tsdaemon::test {

namespace {

class AlternateStack {
 public:
  void set() {
    const stack_t stack{memory_, 0, size};
    CHECK_EQ(sigaltstack(&stack, nullptr), 0);
  }
  bool is_set() const {
    stack_t stack{};
    CHECK_EQ(sigaltstack(nullptr, &stack), 0);
    return stack.ss_sp == memory_ && stack.ss_size == size && (stack.ss_flags & SS_DISABLE) == 0;
  }
  bool holds(const void* address) const {
    return address >= memory_ && address < static_cast<char*>(memory_) + size;
  }

 private:
  static constexpr size_t size = 64 * 1024;
  void* memory_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

std::atomic<const void*> handled_on = nullptr;
std::atomic<bool> may_return = true;

void handle_on_alternate_stack() {
  struct sigaction action {};
  action.sa_flags = SA_ONSTACK;
  action.sa_handler = [](int) {
    const char here = 0;
    handled_on = &here;
    while (!may_return) {
    }
  };
  sigaction(SIGUSR1, &action, nullptr);
}

TEST(either_way, "every thread keeps its alternate signal stack, and main as well") {
  AlternateStack stacks[3];
  Actor first;
  Actor second;
  Actor without;
  stacks[0].set();
  first.run([&] { stacks[1].set(); });
  second.run([&] { stacks[2].set(); });
  become_daemon();
  CHECK(stacks[0].is_set());
  first.run([&] { CHECK(stacks[1].is_set()); });
  second.run([&] { CHECK(stacks[2].is_set()); });
  without.run([&] {
    for (const AlternateStack& stack : stacks) CHECK(!stack.is_set());
  });
}

// Under a supervisor the session process is made by a clone(2) of its own, which drops it.
TEST(by_daemonize, "main keeps its alternate signal stack under a supervisor") {
  const int supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE_EQ(bind(supervisor, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
  socklen_t length = sizeof(address);
  getsockname(supervisor, reinterpret_cast<sockaddr*>(&address), &length);
  Plan plan = quiet_plan();
  plan.notify_socket.assign(address.sun_path, length - offsetof(sockaddr_un, sun_path));
  plan.notify_socket[0] = '@';
  AlternateStack stack;
  stack.set();
  REQUIRE(!try_start(plan));
  CHECK(stack.is_set());
}

TEST(either_way, "a handler runs on the alternate stack of its thread") {
  handle_on_alternate_stack();
  AlternateStack stacks[2];
  Actor thread;
  stacks[0].set();
  thread.run([&] { stacks[1].set(); });
  become_daemon();
  raise(SIGUSR1);
  CHECK(stacks[0].holds(handled_on));
  handled_on = nullptr;
  pthread_kill(thread.handle(), SIGUSR1);
  AWAIT(handled_on != nullptr);
  CHECK(stacks[1].holds(handled_on));
}

TEST(either_way,
     "a thread that is in a handler on its alternate stack goes on there, and returns") {
  handle_on_alternate_stack();
  AlternateStack stack;
  std::atomic<bool> stop = false;
  std::atomic<bool> ready = false;
  Thread thread([&] {
    stack.set();
    ready = true;
    while (!stop) {
    }
    CHECK(stack.is_set());
  });
  AWAIT(ready);
  may_return = false;
  pthread_kill(thread.handle(), SIGUSR1);
  AWAIT(handled_on != nullptr);
  become_daemon();
  CHECK(stack.holds(handled_on));
  may_return = true;
  stop = true;
  thread.join();
}

}  // namespace

}  // namespace tsdaemon::test
