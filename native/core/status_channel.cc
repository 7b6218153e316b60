#include "status_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "forkall/syscalls.h"

namespace tsdaemon {

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
void StatusChannel::write(int writer, const Report& report) {
  while (forkall::raw::write(writer, &report, sizeof(report)) == -EINTR) {
  }
}

void StatusChannel::report_ready(int writer) {
  struct stat status {};
  const bool has_size = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  write(writer, {Report::Word::ready, Step::none_, 0, 0, has_size ? status.st_size : 0});
}

// A stopped launcher, Ctrl-Z, must not stop the daemon.
void StatusChannel::await_reader_end(int writer) {
  constexpr int patience_ms = 2000;
  pollfd channel{writer, 0, 0};
  poll(&channel, 1, patience_ms);
}

}  // namespace tsdaemon
