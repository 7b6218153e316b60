#include "session.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {
constexpr size_t stack_size = 64 * 1024;

// How often a session process that was killed would be noticed.
constexpr uint64_t tick_ns = 50'000'000;
}  // namespace

int Session::prepare(bool stays) {
  stays_ = stays;
  return stack_.map(stack_size);
}

int Session::fork(int* clear_on_exit, Side* side, int* daemon) {
  clear_on_exit_ = clear_on_exit;
  launcher_ = raw::getpid();
  if (arch::tsdaemon_context_save(&main_) != 0) {
    *side = Side::daemon;
    return 0;
  }
  char* stack = stack_.cut<char>(stack_size);
  const unsigned long flags = CLONE_VM | (stays_ ? 0 : CLONE_VFORK) | SIGCHLD;
  const long leader = arch::tsdaemon_clone_and_call(flags, stack + stack_size, run, this);
  if (raw::failed(leader)) return static_cast<int>(-leader);
  leader_ = static_cast<int>(leader);
  if (const int error = await_daemon()) return error;
  *side = Side::launcher;
  *daemon = daemon_;
  return 0;
}

// Nothing but this frame and those below it is touched until the daemon has its copy of them.
int Session::await_daemon() {
  int status = 0;
  if (stays_) {
    while (made_.load() == 0 &&
           raw::syscall(SYS_wait4, leader_, raw::pointer(&status), WNOHANG, 0) == 0)
      raw::futex_wait(made_, 0, tick_ns);
  } else {
    while (raw::syscall(SYS_wait4, leader_, raw::pointer(&status), 0, 0) == -EINTR) {
    }
  }
  if (error_ != 0) return error_;
  // Ended by a signal before it had forked.
  return daemon_ == 0 ? ECHILD : 0;
}

void Session::let_go() {
  if (!stays_ || leader_ == 0 || reaped_ || raw::getpid() != launcher_) return;
  int status = 0;
  raw::syscall(SYS_kill, leader_, SIGKILL);
  while (raw::syscall(SYS_wait4, leader_, raw::pointer(&status), 0, 0) == -EINTR) {
  }
  reaped_ = true;
}

void Session::run(void* argument) {
  auto* session = static_cast<Session*>(argument);
  // The kernel writes the daemon's id before either can be killed.
  constexpr unsigned long flags = CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD;
  const long leads = raw::setsid();
  const long child = raw::failed(leads)
                         ? leads
                         : arch::clone_process(flags, &session->daemon_, session->clear_on_exit_);
  if (child == 0) arch::tsdaemon_context_resume(&session->main_);
  if (raw::failed(child)) session->error_ = static_cast<int>(-child);
  if (session->stays_ && !raw::failed(child)) session->stay();
  raw::exit_group(0);
}

// It shares the launcher's memory, where no handler of a signal may run now, and where the daemon's
// status is read; and ends with the launcher.
void Session::stay() {
  constexpr uint64_t all = ~uint64_t{0};
  raw::sigprocmask(SIG_SETMASK, &all, nullptr);
  raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (raw::syscall(SYS_getppid) != launcher_) raw::exit_group(0);
  raw::close_range(0, ~0u);
  made_.store(1);
  raw::futex_wake_all(made_);
  while (raw::syscall(SYS_wait4, daemon_, raw::pointer(&status_), 0, 0) == -EINTR) {
  }
  raw::exit_group(0);
}

}  // namespace tsdaemon::forkall
