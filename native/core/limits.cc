#include "limits.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "forkall/numbers.h"
#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

// struct rlimit64 of prlimit(2)
struct Limit {
  uint64_t soft, hard;
};

int get_limit(int resource, Limit* limit) {
  return static_cast<int>(-raw::syscall(SYS_prlimit64, 0, resource, 0, raw::pointer(limit)));
}

// The hard limit as well: Node raises the soft one of open files to it whenever it starts.
int set_limit(int resource, int64_t value, bool raises) {
  Limit limit{};
  if (value < 0) return 0;
  if (const int error = get_limit(resource, &limit)) return error;
  if ((static_cast<uint64_t>(value) > limit.hard) != raises) return 0;
  limit.soft = limit.hard = static_cast<uint64_t>(value);
  return static_cast<int>(-raw::syscall(SYS_prlimit64, 0, resource, raw::pointer(&limit), 0));
}

Failure check_limit(int resource, int64_t value) {
  Limit limit{};
  const bool is_too_high = value >= 0 && get_limit(resource, &limit) == 0 &&
                           static_cast<uint64_t>(value) > limit.hard && geteuid() != 0;
  return is_too_high ? Failure{.step = Step::limits_, .error = EPERM} : Failure{};
}

Failure set_limits(const Plan& plan, bool raises) {
  int error = set_limit(RLIMIT_CORE, plan.limit_core, raises);
  if (error == 0) error = set_limit(RLIMIT_NOFILE, plan.limit_nofile, raises);
  return error == 0 ? Failure{} : Failure{.step = Step::limits_, .error = error};
}

int write_oom_score_adj(int score) {
  const long fd = raw::openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return static_cast<int>(-fd);
  char text[forkall::decimal_size + 1];
  char* digits = text;
  if (score < 0) *digits++ = '-';
  const char* end =
      forkall::write_decimal(digits, static_cast<unsigned>(score < 0 ? -score : score));
  const long written = raw::write(static_cast<int>(fd), text, static_cast<size_t>(end - text));
  raw::close(static_cast<int>(fd));
  return written < 0 ? static_cast<int>(-written) : 0;
}

}  // namespace

Failure check_limits(const Plan& plan) {
  if (Failure failure = check_limit(RLIMIT_CORE, plan.limit_core)) return failure;
  return check_limit(RLIMIT_NOFILE, plan.limit_nofile);
}

Failure apply_oom_score_adj(const Plan& plan) {
  const int error = plan.has_oom_score_adj ? write_oom_score_adj(plan.oom_score_adj) : 0;
  return error == 0 ? Failure{} : Failure{.step = Step::oom_score_adj_, .error = error};
}

// A thread may have ended meanwhile.
Failure apply_nice(const Plan& plan, const std::vector<int>& threads) {
  for (const int thread : threads) {
    const long error =
        plan.has_nice ? raw::syscall(SYS_setpriority, PRIO_PROCESS, thread, plan.nice) : 0;
    if (error != 0 && error != -ESRCH)
      return {.step = Step::nice_, .error = static_cast<int>(-error)};
  }
  return {};
}

Failure apply_limits(const Plan& plan) {
  if (Failure failure = raise_limits(plan)) return failure;
  return lower_limits(plan);
}

Failure raise_limits(const Plan& plan) { return set_limits(plan, true); }

Failure lower_limits(const Plan& plan) { return set_limits(plan, false); }

}  // namespace tsdaemon
