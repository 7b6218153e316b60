#include "log_follower.h"

#include <sys/stat.h>

#include <algorithm>

#include "forkall/syscalls.h"
#include "stderr_output.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

constexpr off_t rest_size = 8 * 1024;

off_t size_of(int file) {
  struct stat status {};
  raw::syscall(SYS_fstat, file, raw::pointer(&status));
  return status.st_size;
}

}  // namespace

void LogFollower::follow(int file, bool shared) {
  file_.reset(file);
  shared_ = shared;
  struct stat status {};
  if (file < 0) return;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    shown_ = status.st_size;
  else
    file_.reset();
}

off_t LogFollower::end() const { return file_.valid() ? size_of(file_.get()) : 0; }

bool LogFollower::has_news(off_t end) const { return file_.valid() && !shared_ && shown_ < end; }

void LogFollower::show_news(off_t end) {
  if (has_news(end)) show(shown_, end);
}

void LogFollower::show_said(off_t end, off_t length) {
  if (file_.valid() && shared_) show(end - length, end);
}

void LogFollower::show_rest() {
  if (!file_.valid()) return;
  const off_t end = size_of(file_.get());
  show(std::max(shown_, end - rest_size), end);
}

void LogFollower::show(off_t from, off_t to) {
  char part[4096];
  while (from < to) {
    const auto wanted = static_cast<size_t>(std::min<off_t>(to - from, sizeof(part)));
    const long length = raw::pread(file_.get(), part, wanted, static_cast<uint64_t>(from));
    if (length <= 0) return;
    if (!write_to_stderr(part, static_cast<size_t>(length))) return;
    from += length;
    shown_ = std::max(shown_, from);
    at_line_start_ = part[length - 1] == '\n';
  }
}

}  // namespace tsdaemon
