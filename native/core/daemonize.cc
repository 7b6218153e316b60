#include "daemonize.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "children.h"
#include "credentials.h"
#include "descriptors.h"
#include "files.h"
#include "forkall/forkall.h"
#include "forkall/syscalls.h"
#include "launcher.h"
#include "limits.h"
#include "lock_file.h"
#include "log_follower.h"
#include "notify.h"
#include "reexec.h"
#include "signals_blocked.h"
#include "status_channel.h"
#include "stdio.h"
#include "support.h"
#include "surroundings.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

/// Everything a start needs, opened and allocated before the first thread is stopped.
struct Start {
  Descriptors descriptors;
  std::vector<InheritedFd> inherited;
  std::vector<int> threads = {0};  // whose nice value is changed: this one
  Credentials credentials;
  LockFile lock_file;
  Stdio stdio;
  LogFollower follower;
  StatusChannel channel;
  ScopedFd notify_socket;
  int notify_error = -1;  // negated
  ScopedFd launch_directory;
  Launcher launcher;
  forkall::Forkall forkall;

  Failure open(const Plan& plan);
  Failure open_for_daemon(const Plan& plan);
  Failure prepare_exec(const Plan& plan);
  Failure prepare(const Plan& plan);
  Failure prepare_waiting(const Plan& plan);
  static Failure check_children(const Plan& plan);
  Failure fork(const Plan& plan, forkall::Side* side, int* daemon);
  Failure close_inherited() const;
  Failure take_steps(const Plan& plan);
  Failure change_credentials() const;
  Failure reserve_pid() const;
  Failure leave_launcher(const Plan& plan);
  Failure take_up_files();
  Failure complete(const Plan& plan);
  Failure complete_for_exec(const Plan& plan);
  Failure complete_in_place(const Plan& plan);
  void connect_supervisor(const Plan& plan);
  void hand_over(Daemonized* daemonized);
  void undo();
};

// What any start needs, be it for a daemon or for the foreground.
Failure Start::open(const Plan& plan) {
  // Where there is no /proc a fork is refused later, and nothing else needs to know them.
  int error = descriptors.list();
  if (error == ENOENT) error = 0;
  if (error == 0 && plan.closes_inherited)
    error = descriptors.find_inherited(plan.kept, plan.in_use, &inherited);
  if (error != 0) return {.step = Step::prepare_, .error = error};
  connect_supervisor(plan);
  if (Failure failure = credentials.resolve(plan)) return failure;
  if (Failure failure = check_limits(plan)) return failure;
  if (!plan.pid_file.empty())
    if (Failure failure = lock_file.acquire(plan.pid_file)) return failure;
  if (Failure failure = stdio.open(plan)) return failure;
  return stdio.check_numbers(plan, descriptors);
}

// With the old rights, in the old root. A start does not fail because nobody listens.
void Start::connect_supervisor(const Plan& plan) {
  if (plan.notify_socket.empty()) return;
  const int socket = connect_notify_socket(plan.notify_socket);
  if (socket >= 0)
    notify_socket.reset(socket);
  else
    notify_error = socket;
}

// What a launcher needs to wait for its daemon.
Failure Start::prepare_waiting(const Plan& plan) {
  int error = stdio.follow_errors(plan, &follower);
  if (error == 0) error = channel.open();
  if (error == 0) error = launcher.prepare(notify_socket.get());
  return error == 0 ? Failure{} : Failure{.step = Step::prepare_, .error = error};
}

// Whatever the strategy, children stay the launcher's.
Failure Start::open_for_daemon(const Plan& plan) {
  const std::vector<int> children = plan.allows_children ? std::vector<int>() : find_children();
  if (!children.empty()) return {.step = Step::children_, .pid = children.front()};
  return open(plan);
}

Failure Start::prepare_exec(const Plan& plan) {
  if (Failure failure = open_for_daemon(plan)) return failure;
  launch_directory.reset(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return prepare_waiting(plan);
}

Failure Start::prepare(const Plan& plan) {
  if (Failure failure = open_for_daemon(plan)) return failure;
  Obstacle obstacle = Obstacle::none;
  if (const int error = find_obstacle(descriptors, &obstacle))
    return {.step = Step::prepare_, .error = error};
  if (obstacle != Obstacle::none) return {.step = Step::support_, .obstacle = obstacle};
  if (Failure failure = prepare_waiting(plan)) return failure;
  const int error = forkall.prepare(notify_socket.valid());
  forkall.timeline().end(forkall::Part::prepare);
  return error == 0 ? Failure{} : Failure{.step = Step::prepare_, .error = error};
}

// A thread may have started one until it was stopped.
Failure Start::check_children(const Plan& plan) {
  return plan.allows_children || !has_children() ? Failure{} : Failure{.step = Step::children_};
}

Failure Start::fork(const Plan& plan, forkall::Side* side, int* daemon) {
  if (const int error = forkall.freeze())
    return {.step = Step::freeze_, .error = error, .thread = forkall.straggler()};
  if (Failure failure = check_children(plan)) return failure;
  if (const int error = forkall.survey()) return {.step = Step::survey_, .error = error};
  if (const int error = forkall.fork(side, daemon)) return {.step = Step::fork_, .error = error};
  return {};
}

Failure Start::close_inherited() const {
  for (const InheritedFd& fd : inherited)
    if (const int error = fd.close()) return {.step = Step::prepare_, .error = error};
  return {};
}

// The steps of daemon(7), in its order, by raw system calls.
Failure Start::take_steps(const Plan& plan) {
  if (plan.umask >= 0) raw::syscall(SYS_umask, plan.umask);
  if (Failure failure = apply_oom_score_adj(plan)) return failure;
  if (!plan.chroot.empty())
    if (const int error = change_root(plan.chroot)) return {.step = Step::chroot_, .error = error};
  if (!plan.cwd.empty())
    if (const long error = raw::syscall(SYS_chdir, raw::pointer(plan.cwd.c_str())))
      return {.step = Step::chdir_, .error = static_cast<int>(-error)};
  return apply_nice(plan, threads);
}

// Where the daemon's user may not be, nothing that is relative to the directory could work.
Failure Start::change_credentials() const {
  if (const int error = credentials.apply()) return {.step = Step::credentials_, .error = error};
  const long error = raw::syscall(SYS_chdir, raw::pointer("."));
  return error == 0 ? Failure{} : Failure{.step = Step::chdir_, .error = static_cast<int>(-error)};
}

// JavaScript writes the pid when it listens for signals.
Failure Start::reserve_pid() const {
  const int error = lock_file.held() ? lock_file.reserve() : 0;
  return error == 0 ? Failure{} : Failure{.step = Step::write_pid_, .error = error};
}

// All that the daemon inherits and is not to keep.
Failure Start::leave_launcher(const Plan& plan) {
  if (Failure failure = close_inherited()) return failure;
  if (Failure failure = take_steps(plan)) return failure;
  if (Failure failure = apply_limits(plan)) return failure;
  return change_credentials();
}

Failure Start::take_up_files() {
  if (Failure failure = reserve_pid()) return failure;
  if (const int error = stdio.redirect(descriptors)) return {.step = Step::stdout_, .error = error};
  return {};
}

// In the daemon. The threads are revived after the steps, and so inherit what the steps set.
Failure Start::complete(const Plan& plan) {
  Failure failure = leave_launcher(plan);
  if (failure) return failure;
  forkall.timeline().end(forkall::Part::steps);
  if (const int error = forkall.revive()) return {.step = Step::revive_, .error = error};
  failure = take_up_files();
  forkall.timeline().end(forkall::Part::streams);
  return failure;
}

// In the daemon that is about to execute the program anew: it has no thread but this one. What the
// program does before it comes to be a daemon it does where it did so the first time, if its user
// may enter there.
Failure Start::complete_for_exec(const Plan& plan) {
  if (Failure failure = leave_launcher(plan)) return failure;
  if (Failure failure = take_up_files()) return failure;
  if (plan.chroot.empty()) raw::syscall(SYS_fchdir, launch_directory.get());
  return {};
}

// In the foreground, where the other threads run. What cannot be undone comes last.
Failure Start::complete_in_place(const Plan& plan) {
  if (Failure failure = take_steps(plan)) return failure;
  if (Failure failure = reserve_pid()) return failure;
  if (Failure failure = raise_limits(plan)) return failure;
  if (const int error = credentials.apply_to_all_threads())
    return {.step = Step::credentials_, .error = error};
  if (Failure failure = lower_limits(plan)) return failure;
  if (const int error = stdio.redirect(descriptors)) return {.step = Step::stdout_, .error = error};
  // Nothing can be undone any more: what cannot be looked at stays open.
  close_inherited();
  return {};
}

// What JavaScript keeps from now on.
void Start::hand_over(Daemonized* daemonized) {
  daemonized->pid = raw::getpid();
  daemonized->final_stderr = stdio.release_final_stderr();
  daemonized->pid_file = lock_file.file();
  daemonized->pid_directory = lock_file.directory();
  lock_file.keep();
  daemonized->notify_socket = notify_socket.valid() ? notify_socket.release() : notify_error;
  daemonized->copies = descriptors.terminals();
  daemonized->user = credentials.user();
  daemonized->home = credentials.home();
}

void Start::undo() {
  lock_file.give_up();
  launcher.restore();
  forkall.thaw();
}

}  // namespace

Failure daemonize(const Plan& plan, Daemonized* daemonized) {
  Start start;
  start.forkall.timeline().end(forkall::Part::begin);
  if (Failure failure = start.prepare(plan)) {
    start.undo();
    return failure;
  }
  const int launcher_pid = raw::getpid();

  forkall::Side side = forkall::Side::launcher;
  int daemon = 0;
  Failure failure = start.fork(plan, &side, &daemon);

  if (!failure && side == forkall::Side::daemon) {
    start.channel.keep_writing();
    failure = start.complete(plan);
    if (failure) {
      start.channel.write({Report::Word::failed, failure.step, failure.error, 0, 0});
      raw::exit_group(EXIT_FAILURE);
    }
    // From this word on the launcher never lets its threads go: only now may ours.
    if (!start.channel.write({Report::Word::complete, Step::none_, 0, 0, 0}))
      raw::exit_group(EXIT_FAILURE);
    start.forkall.timeline().end(forkall::Part::handover);
    start.forkall.thaw();
    start.hand_over(daemonized);
    daemonized->timeline = start.forkall.timeline();
    daemonized->launcher_pid = launcher_pid;
    daemonized->status_fd = start.channel.release_writer();
    return {};
  }

  if (!failure) {
    start.channel.keep_reading();
    start.launcher.wait_through(start.forkall.session(), daemon);
    failure = start.launcher.await_complete(start.channel, daemon, plan.messages);
    if (!failure)
      start.launcher.await_ready(start.channel, daemon, plan, start.lock_file, start.follower, true,
                                 &start.forkall);
  }
  start.undo();
  return failure;
}

// The other threads are stopped if that can be done, for the launcher's sake: it must be deaf to
// signals, and able to let go of its descriptors.
Failure daemonize_by_exec(const Plan& plan) {
  Start start;
  StatusChannel exec_channel;
  forkall::Threads threads;
  forkall::Session session;
  Reexec reexec;
  Failure failure = start.prepare_exec(plan);
  int error = failure ? 0 : exec_channel.open();
  if (error == 0) error = session.prepare(start.notify_socket.valid());
  if (error != 0) failure = {.step = Step::prepare_, .error = error};
  if (failure) {
    start.undo();
    return failure;
  }
  reexec.prepare(plan, start.credentials.user(), start.credentials.home());

  // Threads that cannot be stopped do not keep main from being deaf.
  const SignalsBlocked signals_blocked;
  const bool alone =
      threads.prepare() == 0 && threads.freeze(forkall::Forkall::freeze_timeout_ns) == 0;
  forkall::Side side = forkall::Side::launcher;
  int daemon = 0;
  failure = Start::check_children(plan);
  error = failure ? 0 : session.fork(nullptr, &side, &daemon);
  if (error != 0) failure = {.step = Step::fork_, .error = error};

  if (!failure && side == forkall::Side::daemon) {
    failure = start.complete_for_exec(plan);
    if (!failure && !exec_channel.write({Report::Word::complete, Step::none_, 0, 0, 0}))
      raw::exit_group(EXIT_FAILURE);
    if (!failure) {
      error = reexec.execute({start.channel.writer(), start.stdio.final_stderr(),
                              start.lock_file.file(), start.lock_file.directory()},
                             exec_channel.writer());
      failure = {.step = Step::exec_, .error = error};
    }
    exec_channel.write({Report::Word::failed, failure.step, failure.error, 0, 0});
    raw::exit_group(EXIT_FAILURE);
  }

  if (!failure) {
    exec_channel.keep_reading();
    start.channel.keep_reading();
    start.launcher.wait_through(session, daemon);
    failure = start.launcher.await_exec(exec_channel, daemon);
    if (!failure)
      start.launcher.await_ready(start.channel, daemon, plan, start.lock_file, start.follower,
                                 alone);
  }
  threads.thaw();
  start.undo();
  return failure;
}

Failure stay(const Plan& plan, Daemonized* daemonized) {
  Start start;
  Surroundings before;
  Failure failure = start.open(plan);
  if (!failure) {
    start.threads.clear();
    int error = list_threads(&start.threads);
    if (error == 0) error = before.remember(plan, start.threads);
    if (error != 0) failure = {.step = Step::prepare_, .error = error};
  }
  if (failure) {
    start.lock_file.give_up();
    return failure;
  }
  failure = start.complete_in_place(plan);
  if (failure) {
    before.put_back();
    start.lock_file.give_up();
    return failure;
  }
  start.hand_over(daemonized);
  return {};
}

Obstacle find_obstacle() {
  Descriptors descriptors;
  Obstacle obstacle = Obstacle::none;
  if (descriptors.list() != 0 || find_obstacle(descriptors, &obstacle) != 0)
    return Obstacle::proc_missing;
  return obstacle;
}

}  // namespace tsdaemon
