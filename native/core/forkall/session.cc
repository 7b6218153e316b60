#include "session.h"

#include <cerrno>

#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {
constexpr size_t stack_size = 64 * 1024;
}

int Session::prepare() { return stack_.map(stack_size); }

int Session::fork(int* clear_on_exit, Side* side, int* daemon) {
  clear_on_exit_ = clear_on_exit;
  if (arch::tsdaemon_context_save(&main_) != 0) {
    *side = Side::daemon;
    return 0;
  }
  char* stack = stack_.cut<char>(stack_size);
  const long leader = arch::tsdaemon_clone_and_call(CLONE_VM | CLONE_VFORK | SIGCHLD,
                                                    stack + stack_size, run, this);
  if (raw::failed(leader)) return static_cast<int>(-leader);
  int status = 0;
  while (raw::syscall(SYS_wait4, leader, raw::pointer(&status), 0, 0) == -EINTR) {
  }
  if (error_ != 0) return error_;
  // Ended by a signal before it had forked.
  if (daemon_ == 0) return ECHILD;
  *side = Side::launcher;
  *daemon = daemon_;
  return 0;
}

void Session::run(void* argument) {
  auto* session = static_cast<Session*>(argument);
  const long leads = raw::setsid();
  const long child = raw::failed(leads) ? leads
                                        : raw::syscall(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, 0,
                                                       0, raw::pointer(session->clear_on_exit_), 0);
  if (child == 0) arch::tsdaemon_context_resume(&session->main_);
  if (raw::failed(child))
    session->error_ = static_cast<int>(-child);
  else
    session->daemon_ = static_cast<int>(child);
  raw::exit_group(0);
}

}  // namespace tsdaemon::forkall
