#include "status_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace {

int64_t end_of_stderr() {
  struct stat status {};
  const bool has_size = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  return has_size ? status.st_size : 0;
}

}  // namespace

int StatusChannel::open() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  reader_.reset(ends[0]);
  writer_.reset(ends[1]);
  return 0;
}

// Called when the pipe is readable or hung up. A report is smaller than PIPE_BUF and so comes
// whole; anything else is no report, and ends the trust in the channel.
StatusChannel::Heard StatusChannel::read(int reader, Report* report) {
  const long length = forkall::raw::read(reader, report, sizeof(*report));
  if (length == -EINTR || length == -EAGAIN) return Heard::nothing_yet;
  return length == sizeof(*report) ? Heard::report : Heard::end_of_file;
}

// SIGPIPE cannot come: while it matters every signal is blocked, and Node ignores it later.
bool StatusChannel::write(int writer, const Report& report) {
  long result = 0;
  do result = forkall::raw::write(writer, &report, sizeof(report));
  while (result == -EINTR);
  return result == sizeof(report) || result == -EPIPE;
}

void StatusChannel::report_ready(int writer) {
  write(writer, {Report::Word::ready, Step::none_, 0, 0, end_of_stderr()});
}

void StatusChannel::report_extended(int writer, int milliseconds) {
  write(writer, {Report::Word::extend, Step::none_, 0, milliseconds, end_of_stderr()});
}

// A stopped launcher, Ctrl-Z, must not stop the daemon.
void StatusChannel::await_reader_end(int writer) {
  constexpr int patience_ms = 2000;
  pollfd channel{writer, 0, 0};
  poll(&channel, 1, patience_ms);
}

}  // namespace tsdaemon
