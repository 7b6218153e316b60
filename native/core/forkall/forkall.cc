#include "forkall.h"

#include <sys/wait.h>

#include <cerrno>

#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {
constexpr size_t session_stack_size = 64 * 1024;
}

int Forkall::prepare() {
  int error = threads_.prepare();
  if (error == 0) error = mappings_.prepare();
  if (error == 0) error = owners_.prepare();
  if (error == 0) error = session_stack_.map(session_stack_size);
  return error;
}

int Forkall::survey() {
  int error = mappings_.read();
  if (error == 0) error = owners_.find(mappings_, threads_);
  return error;
}

/// What the session process shares with main, which waits for it.
struct Forkall::Session {
  arch::Context main;
  int* clear_on_exit;
  int daemon;
  int error;
};

// The session process shares our memory and costs no page tables, so that a double fork makes one
// copy of them where the classic one makes two:
//
//     launcher ── CLONE_VM|CLONE_VFORK ── session ── setsid ── fork ── daemon
//        │ waits in the kernel              │ _exit               │ takes up main's context
//        └────────────────────────────────<─┘
//
// The daemon is not a session leader, so that it can never acquire a controlling terminal.
int Forkall::fork(Side* side, int* daemon) {
  int error = mappings_.make_forkable();
  forkable_ = true;
  if (error != 0) return error;

  Session session{};
  session.clear_on_exit = threads_.main().state.clear_on_exit;
  if (arch::tsdaemon_context_save(&session.main) != 0) {
    threads_.restore_main();
    *side = Side::daemon;
    return 0;
  }

  char* stack = session_stack_.cut<char>(session_stack_size);
  const long leader = arch::tsdaemon_clone_and_call(
      CLONE_VM | CLONE_VFORK | SIGCHLD, stack + session_stack_size, run_session, &session);
  if (raw::failed(leader)) return static_cast<int>(-leader);
  int status = 0;
  while (raw::syscall(SYS_wait4, leader, raw::pointer(&status), 0, 0) == -EINTR) {
  }
  if (session.error != 0) return session.error;
  // Ended by a signal before it had forked.
  if (session.daemon == 0) return ECHILD;
  *side = Side::launcher;
  *daemon = session.daemon;
  return 0;
}

void Forkall::run_session(void* argument) {
  auto* session = static_cast<Session*>(argument);
  const long leads = raw::setsid();
  const long child = raw::failed(leads) ? leads
                                        : raw::syscall(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, 0,
                                                       0, raw::pointer(session->clear_on_exit), 0);
  if (child == 0) arch::tsdaemon_context_resume(&session->main);
  if (raw::failed(child))
    session->error = static_cast<int>(-child);
  else
    session->daemon = static_cast<int>(child);
  raw::exit_group(0);
}

int Forkall::revive() {
  const int error = threads_.revive(revive_timeout_ns);
  if (error == 0) owners_.mend(threads_);
  return error;
}

void Forkall::thaw() {
  if (forkable_) mappings_.make_unforkable();
  forkable_ = false;
  threads_.thaw();
}

}  // namespace tsdaemon::forkall
