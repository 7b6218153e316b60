#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "harness.h"
#include "proc.h"
#include "program.h"
#include "start.h"

// A step that fails leaves the launcher as it was, and the next try may succeed.
namespace tsdaemon::test {

namespace {

// Root is not held to the limit of processes. A user of this case's own has no others.
void become_unprivileged() {
  if (geteuid() != 0) return;
  const auto user = static_cast<uid_t>(100'000 + getpid());
  REQUIRE_EQ(setresuid(user, user, user), 0);
  // Or /proc/self would be root's.
  REQUIRE_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
}

rlim_t tasks_of_this_user() {
  rlim_t tasks = 0;
  for (const int pid : numbers_in("/proc")) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    if (static_cast<uid_t>(strtoul(status_field(status, "Uid").c_str(), nullptr, 10)) == getuid())
      tasks += strtoul(status_field(status, "Threads").c_str(), nullptr, 10);
  }
  return tasks;
}

void limit(decltype(RLIMIT_NOFILE) resource, rlim_t soft) {
  rlimit limits{};
  REQUIRE_EQ(getrlimit(resource, &limits), 0);
  limits.rlim_cur = soft;
  REQUIRE_EQ(setrlimit(resource, &limits), 0);
}

void lift_limit(decltype(RLIMIT_NOFILE) resource) {
  rlimit limits{};
  REQUIRE_EQ(getrlimit(resource, &limits), 0);
  limit(resource, limits.rlim_max);
}

rlim_t memory_in_use() {
  const std::string status = read_file("/proc/self/status");
  return strtoul(status_field(status, "VmSize").c_str(), nullptr, 10) * 1024;
}

struct Trouble {
  const char* title;
  Ways ways;
  Step step;
  int error;
  void (*make)(Plan* plan);
  void (*mend)();
};

void nothing() {}

const Trouble troubles[] = {
    {"a directory that does not exist", by_daemonize, Step::chdir_, ENOENT,
     [](Plan* plan) { plan->cwd = "/no/such/directory"; }, nothing},
    {"a directory that is none", by_daemonize, Step::chdir_, ENOTDIR,
     [](Plan* plan) { plan->cwd = "/proc/self/exe"; }, nothing},
    {"a log in a directory that does not exist", by_daemonize, Step::stdout_, ENOENT,
     [](Plan* plan) {
       plan->streams[1].kind = StreamTarget::Kind::path;
       plan->streams[1].path = "/no/such/directory/log";
     },
     nothing},
    {"a descriptor that is not open", by_daemonize, Step::stdin_, EBADF,
     [](Plan* plan) {
       plan->streams[0].kind = StreamTarget::Kind::descriptor;
       plan->streams[0].descriptor = 999;
     },
     nothing},
    {"a limit of processes that leaves no room for the daemon", either_way, Step::fork_, EAGAIN,
     [](Plan*) {
       become_unprivileged();
       limit(RLIMIT_NPROC, tasks_of_this_user());
     },
     [] { lift_limit(RLIMIT_NPROC); }},
    // The session process, the daemon's main thread, and one or two of the others.
    {"a limit of processes that leaves no room for its threads", either_way, Step::revive_, EAGAIN,
     [](Plan*) {
       become_unprivileged();
       limit(RLIMIT_NPROC, tasks_of_this_user() + 3);
     },
     [] { lift_limit(RLIMIT_NPROC); }},
    {"a limit of memory", either_way, Step::prepare_, ENOMEM,
     [](Plan*) { limit(RLIMIT_AS, memory_in_use() + 4 * 1024 * 1024); },
     [] { lift_limit(RLIMIT_AS); }},
};

void goes_on_after(const Trouble& trouble) {
  Program program;
  // The C library installs its handler of the parking signal when it first needs it.
  REQUIRE_EQ(setgid(getgid()), 0);
  program.goes_on();
  Plan plan = quiet_plan();
  plan.umask = 0123;
  trouble.make(&plan);
  // A thread may not have left the handler by which it has changed its credentials.
  program.goes_on();
  const std::string before = Program::scene();
  for (int tries = 0; tries < 5; ++tries) {
    const Failure failure = try_start(plan);
    CHECK_EQ(step_names[static_cast<size_t>(failure.step)],
             std::string(step_names[static_cast<size_t>(trouble.step)]));
    CHECK_EQ(failure.error, trouble.error);
    // Until it goes on, a thread may not have left the handler that parked it.
    program.goes_on();
    CHECK_SAME_LINES(Program::scene(), before);
  }
  trouble.mend();
  become_daemon();
  program.goes_on();
}

const Registration failures([] {
  for (const Trouble& trouble : troubles)
    add_case(trouble.ways,
             std::string("after ") + trouble.title + " the program goes on, and can try again",
             [&trouble] { goes_on_after(trouble); });
});

TEST(either_way, "a start that runs out of descriptors, whichever is the last, leaves none open") {
  Program program;
  const auto used = static_cast<rlim_t>(numbers_in("/proc/self/fd").back());
  const pid_t launcher = getpid();
  const std::string before = Program::scene();
  int failures = 0;
  for (rlim_t spare = 0; getpid() == launcher; ++spare) {
    limit(RLIMIT_NOFILE, used + spare);
    const Failure failure = try_start();
    lift_limit(RLIMIT_NOFILE);
    if (getpid() != launcher) break;
    CHECK_EQ(failure.error, EMFILE);
    program.goes_on();
    CHECK_SAME_LINES(Program::scene(), before);
    ++failures;
  }
  CHECK(failures > 1);
  program.goes_on();
}

TEST(by_daemonize, "a program that was a subreaper still is one after a step that failed") {
  Program program;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Plan plan = quiet_plan();
  plan.cwd = "/no/such/directory";
  const std::string before = Program::scene();
  CHECK(try_start(plan).step == Step::chdir_);
  program.goes_on();
  CHECK_SAME_LINES(Program::scene(), before);
}

// The epoll sets of the daemon are the launcher's.
TEST(by_daemonize,
     "what the program watches it still watches after streams could not be redirected") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE_EQ(grantpt(terminal) + unlockpt(terminal), 0);
  const int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  REQUIRE_EQ(dup2(side, STDIN_FILENO), STDIN_FILENO);
  REQUIRE(fcntl(side, F_DUPFD, 40) >= 40);
  const int loop = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{EPOLLIN, {}};
  REQUIRE_EQ(epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &event), 0);
  Plan plan = quiet_plan();
  plan.limit_nofile = 32;
  for (StreamTarget& stream : plan.streams) stream.kind = StreamTarget::Kind::null;
  CHECK(try_start(plan).step == Step::limits_);
  REQUIRE_EQ(write(terminal, "a line\n", 7), 7);
  CHECK_EQ(epoll_wait(loop, &event, 1, 10'000), 1);
}

}  // namespace

}  // namespace tsdaemon::test
