#include "stderr_output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

// Of a reader that has come to a halt. Once it is over, only a stderr that takes text at once is
// written to, until it does.
constexpr time_t patience_s = 10;

int heeded = -1;
bool is_stuck = false;

// True as well if it is broken, which the write will find out.
bool takes_text() {
  pollfd fds[2] = {{STDERR_FILENO, POLLOUT, 0}, {heeded, POLLIN, 0}};
  timespec timeout{is_stuck ? 0 : patience_s, 0};
  while (raw::syscall(SYS_ppoll, raw::pointer(fds), 2, raw::pointer(&timeout), 0, 0) == -EINTR) {
  }
  is_stuck = fds[0].revents == 0;
  return !is_stuck;
}

}  // namespace

void heed_while_writing(int signals) { heeded = signals; }

// PIPE_BUF at a time: a pipe that is writable takes so much without blocking, pipe(7).
bool write_to_stderr(const char* text, size_t length) {
  while (length > 0) {
    if (!takes_text()) return false;
    const long written = raw::write(STDERR_FILENO, text, std::min<size_t>(length, PIPE_BUF));
    if (written <= 0) return false;
    text += written;
    length -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace tsdaemon
