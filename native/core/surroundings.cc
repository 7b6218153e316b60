#include "surroundings.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "files.h"
#include "proc_field.h"

namespace tsdaemon {

namespace {

constexpr const char* oom_score_adj_file = "/proc/self/oom_score_adj";

// The one way to learn it without setting another is /proc.
mode_t umask_now() {
  constexpr int unknown = -1;
  std::string status;
  read_file("/proc/self/status", &status);
  const auto told = proc_number(status, "Umask", unknown, 8);
  if (told != unknown) return static_cast<mode_t>(told);
  const mode_t now = umask(S_IRWXG | S_IRWXO);
  umask(now);
  return now;
}

}  // namespace

int Surroundings::remember(const Plan& plan, const std::vector<int>& threads) {
  umask_ = umask_now();
  if (getrlimit(RLIMIT_CORE, &core_) != 0 || getrlimit(RLIMIT_NOFILE, &nofile_) != 0) return errno;
  if (plan.has_oom_score_adj)
    if (const int error = read_file(oom_score_adj_file, &oom_score_adj_);
        error != 0 && error != ENOENT)
      return error;
  if (plan.has_nice)
    for (const int thread : threads)
      nices_.push_back({thread, getpriority(PRIO_PROCESS, static_cast<id_t>(thread))});
  directory_.reset(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory_.valid()) return errno;
  if (!plan.chroot.empty()) {
    root_.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_.valid()) return errno;
  }
  has_credentials_ = !plan.user.empty() || !plan.group.empty() || plan.has_groups;
  getresuid(&uids_[0], &uids_[1], &uids_[2]);
  getresgid(&gids_[0], &gids_[1], &gids_[2]);
  const int count = getgroups(0, nullptr);
  if (count < 0) return errno;
  groups_.resize(static_cast<size_t>(count));
  return getgroups(count, groups_.data()) < 0 ? errno : 0;
}

void Surroundings::put_back() const {
  if (has_credentials_) put_credentials_back();
  put_directory_back();
  put_limits_back();
  umask(umask_);
}

void Surroundings::put_credentials_back() const {
  setresuid(uids_[0], uids_[1], uids_[2]);
  setresgid(gids_[0], gids_[1], gids_[2]);
  setgroups(groups_.size(), groups_.data());
}

void Surroundings::put_directory_back() const {
  if (root_.valid() && fchdir(root_.get()) == 0) chroot(".");
  fchdir(directory_.get());
}

void Surroundings::put_limits_back() const {
  setrlimit(RLIMIT_NOFILE, &nofile_);
  for (const auto [thread, value] : nices_)
    setpriority(PRIO_PROCESS, static_cast<id_t>(thread), value);
  if (!oom_score_adj_.empty()) {
    const ScopedFd file(::open(oom_score_adj_file, O_WRONLY | O_CLOEXEC));
    write(file.get(), oom_score_adj_.data(), oom_score_adj_.size());
  }
  setrlimit(RLIMIT_CORE, &core_);
}

}  // namespace tsdaemon
