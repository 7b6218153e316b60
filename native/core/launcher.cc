#include "launcher.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "forkall/syscalls.h"
#include "message.h"
#include "notify.h"
#include "progress.h"
#include "stderr_output.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

constexpr uint64_t second = 1'000'000'000;
constexpr uint64_t millisecond = second / 1000;
constexpr uint64_t never = UINT64_MAX;

// The daemon's own deadline for its threads comes first.
constexpr uint64_t complete_timeout = 15 * second;
constexpr uint64_t terminate_timeout = 5 * second;
constexpr uint64_t kill_timeout = 5 * second;

// From the end of its pipe to the end of a process.
constexpr uint64_t end_of_file_grace = 2 * second;

// How often an ending process is looked at.
constexpr uint64_t tick = 5 * millisecond;

// How often the launcher looks for what the daemon has written.
constexpr uint64_t follow_interval = 50 * millisecond;

constexpr int none = -1;  // no descriptor: poll(2) passes it over

constexpr int exit_status_failed = 1;
constexpr int exit_status_late = 124;
constexpr int exit_signal_base = 128;

constexpr int interrupts[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool is_from_keyboard(int signal) { return signal == SIGINT || signal == SIGQUIT; }

uint64_t in(uint64_t timeout) { return timeout == never ? never : raw::now_ns() + timeout; }

uint64_t milliseconds(int64_t count) {
  return count <= 0 ? never : static_cast<uint64_t>(count) * millisecond;
}

}  // namespace

int Launcher::prepare(int notify_socket) {
  notify_socket_ = notify_socket;
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : interrupts) sigaddset(&set, signal);
  sigaddset(&set, SIGTSTP);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return errno;
  // The daemon becomes our child when the session process ends, so that its status is ours to read;
  // or its supervisor's.
  int was_subreaper = 0;
  if (prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper) != 0) return errno;
  if (prctl(PR_SET_CHILD_SUBREAPER, notify_socket >= 0 ? 0 : 1) != 0) return errno;
  was_subreaper_ = was_subreaper;
  return 0;
}

void Launcher::restore() {
  if (was_subreaper_ >= 0) raw::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
}

// Its pipe tells of its end as well, but not if a child of it keeps a copy.
void Launcher::wait_through(forkall::Session& session, int daemon) {
  session_ = &session;
  daemon_.reset(static_cast<int>(raw::syscall(SYS_pidfd_open, daemon, 0)));
}

Failure Launcher::await_complete(const StatusChannel& channel, int daemon,
                                 const Plan::Messages& messages) {
  Failure failure = await_word(channel, daemon, Event::Kind::report);
  if (failure.error != ETIMEDOUT) return failure;
  // It may have said the word while we made up our mind: then the program has run on there, and
  // must not run on here as well.
  const Event last = next_event({.channel = channel.reader()}, 0);
  if (last.kind == Event::Kind::report && last.report.word != Report::Word::failed) {
    print_message(messages.unanswered.c_str(), daemon, 0);
    raw::exit_group(exit_status_failed);
  }
  failure.wait_status = 0;
  return failure;
}

// A daemon that dies closes its channel too, before it can be seen to have ended; one that was
// executed may have ended before we look. What became of it behind its word is its own matter.
Failure Launcher::await_exec(const StatusChannel& channel, int daemon) {
  return await_word(channel, daemon, Event::Kind::end_of_file);
}

// Signals stay pending here: if the daemon fails they are the program's, which goes on.
Failure Launcher::await_word(const StatusChannel& channel, int daemon, Event::Kind good) {
  const uint64_t deadline = in(complete_timeout);
  Failure failure{.step = Step::handover_, .pid = daemon};
  bool is_complete = false;
  for (;;) {
    const Event event =
        next_event({.channel = channel.reader(), .daemon = daemon_.get()}, deadline);
    if (event.kind == Event::Kind::report && event.report.word == Report::Word::failed) {
      failure = {.step = event.report.step, .error = event.report.error};
      break;
    }
    is_complete = is_complete || event.kind == Event::Kind::report;
    if (is_complete && event.kind == good) return {};
    if (event.kind == Event::Kind::end_of_file) break;
    if (raw::now_ns() >= deadline) {
      failure.error = ETIMEDOUT;
      break;
    }
  }
  kill_and_reap(daemon, &failure.wait_status);
  return failure;
}

void Launcher::await_ready(const StatusChannel& channel, int daemon, const Plan& plan,
                           const LockFile& lock_file, LogFollower& follower, bool alone,
                           forkall::Forkall* copy) {
  Progress progress(plan.messages.waiting);
  const Wait wait{channel.reader(), daemon, plan.messages, lock_file, follower};
  if (alone) let_go_of_descriptors(wait);
  heed_while_writing(signals_.get());
  const Sources sources{wait.channel, signals_.get(), daemon_.get()};
  uint64_t deadline = in(milliseconds(plan.ready_timeout_ms));
  int extended_ms = 0;
  for (;;) {
    const bool is_watched = follower.follows() || progress.shows();
    const uint64_t next_look = is_watched || copy != nullptr ? in(follow_interval) : never;
    // Before it is listened to: what is there now was written before a "ready" that is yet to come.
    // Behind a report that is heard there may be one already, and only the report tells what came
    // before it.
    const off_t said = follower.end();
    const Event event = next_event(sources, std::min(deadline, next_look));
    const bool is_ready =
        event.kind == Event::Kind::report && event.report.word == Report::Word::ready;
    const off_t news = event.kind == Event::Kind::report ? event.report.end : said;
    if (event.kind != Event::Kind::nothing || follower.has_news(news)) progress.clear();
    follower.show_news(news);
    switch (event.kind) {
      case Event::Kind::report:
        if (is_ready) exit_ready(plan.messages, daemon);
        if (event.report.word == Report::Word::extend) {
          extended_ms = event.report.value;
          deadline = in(milliseconds(extended_ms));
        }
        if (event.report.word == Report::Word::error)
          follower.show_said(event.report.end, event.report.value);
        break;

      case Event::Kind::end_of_file:
        exit_as_daemon(wait);

      case Event::Kind::interrupted:
        terminate(daemon);
        exit_failed(wait, plan.messages.interrupted, event.signal, exit_signal_base + event.signal);

      case Event::Kind::continued:
        break;

      case Event::Kind::nothing:
        if (raw::now_ns() < deadline) {
          if (follower.at_line_start()) progress.show();
          // Not before it has come to a wait: to take the heap apart slows the daemon down, and who
          // is about to exit does so then.
          if (copy != nullptr) copy->discard_heap();
          copy = nullptr;
          break;
        }
        progress.clear();
        terminate(daemon);
        exit_failed(wait, extended_ms > 0 ? plan.messages.late_extended : plan.messages.late,
                    extended_ms, exit_status_late);
    }
  }
}

void Launcher::exit_ready(const Plan::Messages& messages, int daemon) const {
  if (!messages.ready.empty()) print_message(messages.ready.c_str(), daemon, 0);
  if (notify_socket_ >= 0) {
    session_->let_go();
    notify_ready(notify_socket_, daemon);
  }
  raw::exit_group(EXIT_SUCCESS);
}

// The pipe has ended: so has the daemon, or is about to.
void Launcher::exit_as_daemon(const Wait& wait) const {
  int status = 0;
  if (!await_end(signals_.get(), end_of_file_grace, &status)) {
    terminate(wait.daemon);
    exit_failed(wait, wait.messages.lost, 0, exit_status_failed);
  }
  if (WIFSIGNALED(status))
    exit_failed(wait, wait.messages.killed, WTERMSIG(status), exit_signal_base + WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  exit_failed(wait, wait.messages.exited, code, code == 0 ? exit_status_failed : code);
}

// A daemon that was killed has left its pid file; we still hold the lock.
void Launcher::exit_failed(const Wait& wait, const std::string& message, int status,
                           int exit_status) {
  wait.follower.show_rest();
  wait.lock_file.remove();
  print_message(message.c_str(), wait.daemon, status);
  raw::exit_group(exit_status);
}

// A daemon's last word comes before its end: whether it has ended is looked at first, and what it
// said before is read then; the signals come last.
Launcher::Event Launcher::next_event(const Sources& sources, uint64_t deadline) {
  pollfd fds[] = {
      {sources.daemon, POLLIN, 0}, {sources.channel, POLLIN, 0}, {sources.signals, POLLIN, 0}};
  const uint64_t now = raw::now_ns();
  const uint64_t left = deadline <= now ? 0 : deadline - now;
  timespec timeout{static_cast<time_t>(left / second), static_cast<long>(left % second)};
  const long ready = raw::syscall(SYS_ppoll, raw::pointer(fds), std::size(fds),
                                  deadline == never ? 0 : raw::pointer(&timeout), 0, 0);
  if (ready <= 0) return {};
  Event event;
  if (fds[1].revents == 0) {
    if (fds[0].revents == 0) return read_signal(sources.signals);
    event.kind = Event::Kind::end_of_file;
    return event;
  }
  switch (StatusChannel::read(sources.channel, &event.report)) {
    case StatusChannel::Heard::report:
      event.kind = Event::Kind::report;
      break;
    case StatusChannel::Heard::end_of_file:
      event.kind = Event::Kind::end_of_file;
      break;
    case StatusChannel::Heard::nothing_yet:
      break;
  }
  return event;
}

// SIGTSTP, Ctrl-Z, does to the launcher what it does to every program; the daemon is not asked, and
// may have become ready meanwhile.
Launcher::Event Launcher::read_signal(int signals) {
  signalfd_siginfo info{};
  if (raw::read(signals, &info, sizeof(info)) != sizeof(info)) return {};
  if (info.ssi_signo == SIGTSTP) {
    raw::syscall(SYS_kill, raw::getpid(), SIGSTOP);
    return {.kind = Event::Kind::continued};
  }
  Event event;
  event.kind = Event::Kind::interrupted;
  event.signal = static_cast<int>(info.ssi_signo);
  return event;
}

// Its pid if it has ended, 0 if not, or a negated errno. Without a `status` it stays to be waited
// for.
long Launcher::look_for_end(int* status) const {
  const int child = session_->child();
  if (status != nullptr) return raw::syscall(SYS_wait4, child, raw::pointer(status), WNOHANG, 0);
  siginfo_t info{};
  const long result =
      raw::syscall(SYS_waitid, P_PID, child, raw::pointer(&info), WEXITED | WNOHANG | WNOWAIT, 0);
  return raw::failed(result) ? result : info.si_pid;
}

// False when the daemon has not ended in time, or when one more signal from the keyboard asks us to
// hurry: a closing terminal, or a supervisor, sends several of the others at once.
bool Launcher::await_end(int signals, uint64_t timeout_ns, int* status) const {
  const int child = session_->child();
  const uint64_t deadline = in(timeout_ns);
  for (;;) {
    const long ended = look_for_end(status);
    if (ended == child && status != nullptr) *status = session_->reaped(*status);
    // ECHILD: SIGCHLD is ignored, and the status is lost.
    if (ended == child || ended == -ECHILD) return true;
    if (raw::now_ns() >= deadline) return false;
    const Event event = next_event({.signals = signals}, in(tick));
    if (event.kind == Event::Kind::interrupted && is_from_keyboard(event.signal)) return false;
  }
}

// A supervisor may have reaped it, and its pid be another's.
void Launcher::signal_daemon(int daemon, int signal) const {
  if (daemon_.valid())
    raw::syscall(SYS_pidfd_send_signal, daemon_.get(), signal, 0, 0);
  else
    raw::syscall(SYS_kill, daemon, signal);
}

void Launcher::kill_and_reap(int daemon, int* status) const {
  if (await_end(none, 0, status)) return;
  signal_daemon(daemon, SIGKILL);
  await_end(none, kill_timeout, status);
}

// And what it has started, unless that has a process group of its own. Until the daemon is reaped
// the number of its group is not given to another.
void Launcher::terminate(int daemon) const {
  const long group = raw::syscall(SYS_getpgid, daemon);
  signal_daemon(daemon, SIGTERM);
  if (!await_end(signals_.get(), terminate_timeout, nullptr)) {
    signal_daemon(daemon, SIGKILL);
    await_end(none, kill_timeout, nullptr);
  }
  const bool is_unreaped = look_for_end(nullptr) > 0;
  if (is_unreaped && group > 1 && group != raw::syscall(SYS_getpgid, 0))
    end_group(static_cast<int>(group));
}

// Orphans are the subreaper's: as long as there is one to wait for, the group is theirs.
void Launcher::end_group(int group) const {
  raw::syscall(SYS_kill, -group, SIGTERM);
  const uint64_t kill_at = in(terminate_timeout);
  const uint64_t deadline = kill_at + kill_timeout;
  bool is_killed = false;
  while (raw::now_ns() < deadline) {
    const long ended = raw::syscall(SYS_wait4, -group, 0, WNOHANG | __WALL, 0);
    if (ended > 0) continue;
    if (ended < 0) return;
    const Event event = next_event({.signals = is_killed ? none : signals_.get()}, in(tick));
    const bool hurries = event.kind == Event::Kind::interrupted && is_from_keyboard(event.signal);
    if (is_killed || (!hurries && raw::now_ns() < kill_at)) continue;
    raw::syscall(SYS_kill, -group, SIGKILL);
    is_killed = true;
  }
}

// A connection that the daemon closes would stay open for its peer as long as we hold a copy.
void Launcher::let_go_of_descriptors(const Wait& wait) const {
  std::array kept = {STDERR_FILENO,
                     wait.channel,
                     signals_.get(),
                     daemon_.get(),
                     wait.follower.file(),
                     wait.lock_file.file(),
                     wait.lock_file.directory(),
                     notify_socket_};
  std::sort(kept.begin(), kept.end());
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] < STDERR_FILENO) continue;
    const unsigned first = static_cast<unsigned>(kept[i]) + 1;
    const unsigned last = i + 1 < kept.size() ? static_cast<unsigned>(kept[i + 1]) - 1 : ~0u;
    if (first <= last) raw::close_range(first, last);
  }
}

}  // namespace tsdaemon
