#include "keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "process_tree.h"

namespace tsdaemon::test {

namespace {

using Clock = std::chrono::steady_clock;

volatile sig_atomic_t interrupted = 0;

int64_t milliseconds_until(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now()).count();
}

/// One case: its processes are the descendants of this one, also when their parents have ended.
class Keeper {
 public:
  explicit Keeper(const Case& one, int deadline_seconds)
      : case_(one), deadline_(Clock::now() + std::chrono::seconds(deadline_seconds)) {}

  void run() {
    start();
    if (!listen() || !reap_all()) overdue();
    if (done_ != 1) complain(std::to_string(done_) + " processes got to the end of the case");
  }

  const std::string& complaints() const { return complaints_; }

 private:
  void start();
  bool listen();
  void take(std::string* text);
  bool reap_all();
  void judge(pid_t pid, int status);
  void overdue();
  void complain(const std::string& line) { complaints_ += "  " + line + '\n'; }

  const Case& case_;
  const Clock::time_point deadline_;
  pid_t launcher_ = 0;
  int reports_ = -1;
  int done_ = 0;
  std::string waits_;
  std::string complaints_;
};

void Keeper::start() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) abort();
  reports_ = ends[0];
  launcher_ = fork();
  if (launcher_ != 0) {
    close(ends[1]);
    return;
  }
  const int writer = fcntl(ends[1], F_DUPFD_CLOEXEC, report_fd + 1);
  dup2(writer, report_fd);
  syscall(__NR_close_range, report_fd + 1, ~0U, 0);
  execl("/proc/self/exe", "native_test", "--case", case_.title.c_str(), nullptr);
  _exit(127);
}

// Until the end of file: every process that had the pipe is gone.
bool Keeper::listen() {
  std::string text;
  for (;;) {
    const int64_t left = milliseconds_until(deadline_);
    if (left <= 0 || interrupted != 0) return false;
    pollfd pipe{reports_, POLLIN, 0};
    if (poll(&pipe, 1, static_cast<int>(left)) <= 0) continue;
    char buffer[4096];
    const ssize_t length = read(reports_, buffer, sizeof(buffer));
    if (length == 0) return true;
    if (length > 0) text.append(buffer, static_cast<size_t>(length));
    take(&text);
  }
}

void Keeper::take(std::string* text) {
  for (size_t end; (end = text->find('\n')) != std::string::npos; text->erase(0, end + 1)) {
    const std::string said = text->substr(2, end - 2);
    switch (static_cast<Word>((*text)[0])) {
      case Word::failed:
        complain(said);
        break;
      case Word::waits:
        waits_ += "  waits for " + said + '\n';
        break;
      case Word::done:
        ++done_;
        break;
    }
  }
}

bool Keeper::reap_all() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid > 0) judge(pid, status);
    if (pid < 0 && errno == ECHILD) return true;
    if (milliseconds_until(deadline_) <= 0 || interrupted != 0) return false;
    if (pid == 0) usleep(500);
  }
}

void Keeper::judge(pid_t pid, int status) {
  if (status == 0) return;
  const std::string who = pid == launcher_ ? "the launcher " : "process " + std::to_string(pid);
  complain(who + (WIFSIGNALED(status) ? " was ended by signal " + std::to_string(WTERMSIG(status))
                                      : " exited " + std::to_string(WEXITSTATUS(status))));
}

void Keeper::overdue() {
  complain(interrupted != 0 ? "was interrupted" : "is not over at its deadline");
  complaints_ += waits_;
  if (interrupted == 0)
    for (const pid_t pid : descendants(getpid())) complaints_ += thread_dump(pid);
  kill_descendants();
}

}  // namespace

bool keep(const Case& one, int deadline_seconds) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, [](int) { interrupted = 1; });
  const Clock::time_point start = Clock::now();
  Keeper keeper(one, deadline_seconds);
  keeper.run();
  const bool passed = keeper.complaints().empty();
  const std::string line = (passed ? "ok      " : "FAILED  ") + one.title + " (" +
                           std::to_string(-milliseconds_until(start)) + " ms)\n" +
                           keeper.complaints();
  return write(STDOUT_FILENO, line.data(), line.size()) > 0 && passed;
}

}  // namespace tsdaemon::test
