#include "log_follower.h"

#include <sys/stat.h>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

void LogFollower::follow(int file) {
  file_.reset(file);
  struct stat status {};
  if (file < 0) return;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    shown_ = status.st_size;
  else
    file_.reset();
}

void LogFollower::show_news() {
  char news[4096];
  while (file_.valid()) {
    const long length = raw::pread(file_.get(), news, sizeof(news), static_cast<uint64_t>(shown_));
    if (length <= 0) return;
    shown_ += length;
    for (long written = 0; written < length;) {
      const long result =
          raw::write(STDERR_FILENO, news + written, static_cast<size_t>(length - written));
      if (result <= 0) return;
      written += result;
    }
  }
}

}  // namespace tsdaemon
