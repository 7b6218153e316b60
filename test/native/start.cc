#include "start.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/daemonize.h"
#include "core/forkall/forkall.h"
#include "core/forkall/syscalls.h"
#include "core/scoped.h"
#include "core/status_channel.h"
#include "harness.h"
#include "sanitizers.h"

namespace tsdaemon::test {

namespace raw = forkall::raw;

namespace {

/// The least that can be made of forkall: no step of the daemon, and a launcher that does not wait
/// for more than the threads.
class Fork {
 public:
  Failure run() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {.step = Step::prepare_, .error = errno};
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    if (const int error = forkall_.prepare()) return {.step = Step::prepare_, .error = error};
    // The daemon becomes our child, to be reaped if it fails.
    prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const Failure failure = attempt();
    raw::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
    forkall_.thaw();
    return failure;
  }

 private:
  Failure attempt() {
    if (const int error = forkall_.freeze())
      return {.step = Step::freeze_, .error = error, .thread = forkall_.straggler()};
    if (const int error = forkall_.survey()) return {.step = Step::survey_, .error = error};
    forkall::Side side;
    int daemon = 0;
    if (const int error = forkall_.fork(&side, &daemon))
      return {.step = Step::fork_, .error = error};
    if (side == forkall::Side::launcher) return await_daemon(daemon);

    const int error = forkall_.revive();
    raw::write(writer_.get(), &error, sizeof(error));
    if (error != 0) raw::exit_group(EXIT_SUCCESS);
    return {};
  }

  Failure await_daemon(int daemon) {
    writer_.reset();
    int error = 0;
    const bool told = raw::read(reader_.get(), &error, sizeof(error)) == sizeof(error);
    if (told && error == 0) raw::exit_group(EXIT_SUCCESS);
    raw::syscall(SYS_wait4, daemon, 0, 0, 0);
    return {.step = told ? Step::revive_ : Step::handover_, .error = error};
  }

  forkall::Forkall forkall_;
  ScopedFd reader_;
  ScopedFd writer_;
  int was_subreaper_ = 0;
};

}  // namespace

Plan quiet_plan() {
  Plan plan;
  for (StreamTarget& stream : plan.streams) stream.kind = StreamTarget::Kind::inherit;
  plan.allows_children = true;
  return plan;
}

Failure try_start(const Plan& plan) {
  skip_ids_like_addresses();
  if (way() == by_forkall) return Fork().run();
  Daemonized daemonized;
  const Failure failure = daemonize(plan, &daemonized);
  const ScopedFd channel(daemonized.status_fd);
  if (channel.valid()) StatusChannel::report_ready(channel.get());
  return failure;
}

void become_daemon() {
  const int launcher = getpid();
  const Failure failure = try_start();
  if (failure) {
    fail(__FILE__, __LINE__,
         std::string("step ") + step_names[static_cast<size_t>(failure.step)] + ": " +
             strerror(failure.error) + ", obstacle " +
             obstacle_names[static_cast<size_t>(failure.obstacle)] + ", thread " +
             std::to_string(failure.thread) + ", status " + std::to_string(failure.wait_status));
    give_up();
  }
  REQUIRE(getpid() != launcher);
}

}  // namespace tsdaemon::test
