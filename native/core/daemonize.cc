#include "daemonize.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "descriptors.h"
#include "forkall/forkall.h"
#include "forkall/syscalls.h"
#include "launcher.h"
#include "lock_file.h"
#include "log_follower.h"
#include "status_channel.h"
#include "stdio.h"
#include "support.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

/// Everything a start needs, opened and allocated before the first thread is stopped.
struct Start {
  Descriptors descriptors;
  LockFile lock_file;
  Stdio stdio;
  LogFollower follower;
  StatusChannel channel;
  Launcher launcher;
  forkall::Forkall forkall;

  Failure prepare(const Plan& plan);
  Failure fork(forkall::Side* side, int* daemon);
  Failure complete(const Plan& plan);
  void undo();
};

Failure Start::prepare(const Plan& plan) {
  int error = descriptors.list();
  if (error != 0)
    return {.step = Step::support_, .error = error, .obstacle = Obstacle::proc_missing};
  const Obstacle obstacle = find_obstacle(descriptors);
  if (obstacle != Obstacle::none) return {.step = Step::support_, .obstacle = obstacle};
  if (!plan.pid_file.empty())
    if (Failure failure = lock_file.acquire(plan.pid_file)) return failure;
  if (Failure failure = stdio.open(plan)) return failure;
  if (!plan.ready_when_detached) error = stdio.follow_errors(plan, &follower);
  if (error == 0) error = channel.open();
  if (error == 0) error = forkall.prepare();
  if (error == 0) error = launcher.prepare();
  if (error != 0) return {.step = Step::prepare_, .error = error};
  return {};
}

Failure Start::fork(forkall::Side* side, int* daemon) {
  if (const int error = forkall.freeze())
    return {.step = Step::freeze_, .error = error, .thread = forkall.straggler()};
  if (const int error = forkall.survey()) return {.step = Step::survey_, .error = error};
  if (const int error = forkall.fork(side, daemon)) return {.step = Step::fork_, .error = error};
  return {};
}

// In the daemon. The threads are revived after the steps, and so inherit what the steps set.
Failure Start::complete(const Plan& plan) {
  if (plan.umask >= 0) raw::syscall(SYS_umask, plan.umask);
  if (!plan.cwd.empty())
    if (const long error = raw::syscall(SYS_chdir, raw::pointer(plan.cwd.c_str())))
      return {.step = Step::chdir_, .error = static_cast<int>(-error)};
  if (lock_file.held())
    if (const int error = lock_file.write(raw::getpid()))
      return {.step = Step::write_pid_, .error = error};
  if (const int error = forkall.revive()) return {.step = Step::revive_, .error = error};
  if (const int error = stdio.redirect(descriptors)) return {.step = Step::stdout_, .error = error};
  return {};
}

void Start::undo() {
  lock_file.give_up();
  launcher.restore();
  forkall.thaw();
}

}  // namespace

Failure daemonize(const Plan& plan, Daemonized* daemonized) {
  Start start;
  if (Failure failure = start.prepare(plan)) {
    start.undo();
    return failure;
  }
  const int launcher_pid = raw::getpid();

  forkall::Side side = forkall::Side::launcher;
  int daemon = 0;
  Failure failure = start.fork(&side, &daemon);

  if (!failure && side == forkall::Side::daemon) {
    start.channel.keep_writing();
    failure = start.complete(plan);
    if (failure) {
      start.channel.write({Report::Word::failed, failure.step, failure.error, 0});
      raw::exit_group(EXIT_FAILURE);
    }
    // From this word on the launcher never lets its threads go: only now may ours.
    start.channel.write({plan.ready_when_detached ? Report::Word::ready : Report::Word::complete,
                         Step::none_, 0, 0});
    start.forkall.thaw();
    daemonized->pid = raw::getpid();
    daemonized->launcher_pid = launcher_pid;
    if (!plan.ready_when_detached) daemonized->status_fd = start.channel.release_writer();
    daemonized->final_stderr = start.stdio.release_final_stderr();
    daemonized->pid_file = start.lock_file.file();
    daemonized->pid_directory = start.lock_file.directory();
    start.lock_file.keep();
    daemonized->copies = start.descriptors.terminals();
    return {};
  }

  if (!failure) {
    start.channel.keep_reading();
    bool ready = false;
    failure = start.launcher.await_complete(start.channel, daemon, &ready);
    if (!failure && ready) raw::exit_group(EXIT_SUCCESS);
    if (!failure)
      start.launcher.await_ready(start.channel, daemon, plan, start.lock_file, start.follower);
  }
  start.undo();
  return failure;
}

Obstacle find_obstacle() {
  Descriptors descriptors;
  if (descriptors.list() != 0) return Obstacle::proc_missing;
  return find_obstacle(descriptors);
}

}  // namespace tsdaemon
