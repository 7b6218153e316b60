#pragma once

#include <cstddef>
#include <cstdint>

namespace tsdaemon {

/// What can fail, in the order in which it is done. The names are those of the errors' `step`.
#define TSDAEMON_STEPS(STEP) \
  STEP(none)                 \
  STEP(children)             \
  STEP(user)                 \
  STEP(group)                \
  STEP(groups)               \
  STEP(limits)               \
  STEP(pid_file)             \
  STEP(lock)                 \
  STEP(stdin)                \
  STEP(stdout)               \
  STEP(stderr)               \
  STEP(support)              \
  STEP(prepare)              \
  STEP(freeze)               \
  STEP(survey)               \
  STEP(fork)                 \
  STEP(oom_score_adj)        \
  STEP(chroot)               \
  STEP(chdir)                \
  STEP(nice)                 \
  STEP(credentials)          \
  STEP(revive)               \
  STEP(write_pid)            \
  STEP(exec)                 \
  STEP(handover)

enum class Step : int32_t {
#define STEP(name) name##_,
  TSDAEMON_STEPS(STEP)
#undef STEP
};

inline constexpr const char* step_names[] = {
#define STEP(name) #name,
    TSDAEMON_STEPS(STEP)
#undef STEP
};

/// Why a process cannot be forked with its threads, in the order in which it is looked for.
enum class Obstacle : int32_t {
  none,
  proc_missing,
  tracer,
  shadow_stack,
  thread_block,
  tid_address,
  lock_layout,
  kernel_poller,
};

inline constexpr const char* obstacle_names[] = {
    "none",         "proc-missing", "tracer",      "shadow-stack",
    "thread-block", "tid-address",  "lock-layout", "kernel-poller",
};

/// A failed step. The launcher is as it was.
struct Failure {
  Step step = Step::none_;
  int error = 0;                       // an errno
  Obstacle obstacle = Obstacle::none;  // of the step `support`
  int thread = 0;                      // of the step `freeze`: one that did not stop
  int pid = 0;                         // of the step `lock`: who holds it, if that is known
  int wait_status = 0;                 // of the step `handover`: how the daemon ended

  explicit operator bool() const { return step != Step::none_; }
};

}  // namespace tsdaemon
