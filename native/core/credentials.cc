#include "credentials.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

constexpr size_t entry_size = 64 * 1024;

// A number may be given where there is no name for it.
bool as_number(const std::string& text, unsigned* number) {
  char* end = nullptr;
  errno = 0;
  const unsigned long value = strtoul(text.c_str(), &end, 10);
  // The highest is -1, which tells the kernel to leave the id as it is.
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
      value >= UINT32_MAX)
    return false;
  *number = static_cast<unsigned>(value);
  return true;
}

Failure unknown(Step step, int error) { return {.step = step, .error = error ? error : ENOENT}; }

Failure find_group(Step step, const std::string& name, gid_t* gid) {
  if (as_number(name, gid)) return {};
  std::vector<char> buffer(entry_size);
  group entry{};
  group* found = nullptr;
  const int error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return unknown(step, error);
  *gid = found->gr_gid;
  return {};
}

}  // namespace

Failure Credentials::resolve(const Plan& plan) {
  if (!plan.user.empty())
    if (Failure failure = resolve_user(plan.user)) return failure;
  if (!plan.group.empty())
    if (Failure failure = resolve_group(plan.group)) return failure;
  if (has_uid_ && !has_gid_) return {.step = Step::group_, .error = EINVAL};
  if (Failure failure = resolve_groups(plan)) return failure;
  return check_rights();
}

Failure Credentials::resolve_user(const std::string& user) {
  std::vector<char> buffer(entry_size);
  passwd entry{};
  passwd* found = nullptr;
  const bool is_number = as_number(user, &uid_);
  const int error = is_number
                        ? getpwuid_r(uid_, &entry, buffer.data(), buffer.size(), &found)
                        : getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  has_uid_ = true;
  if (found == nullptr) return is_number ? Failure{} : unknown(Step::user_, error);
  uid_ = found->pw_uid;
  gid_ = found->pw_gid;
  has_gid_ = true;
  user_ = found->pw_name;
  home_ = found->pw_dir;
  return {};
}

Failure Credentials::resolve_group(const std::string& group) {
  has_gid_ = true;
  return find_group(Step::group_, group, &gid_);
}

// Those that are named; else those of the user; else, for a group alone, none but it.
Failure Credentials::resolve_groups(const Plan& plan) {
  has_groups_ = plan.has_groups || has_gid_;
  if (plan.has_groups) {
    for (const std::string& name : plan.groups) {
      gid_t gid = 0;
      if (Failure failure = find_group(Step::groups_, name, &gid)) return failure;
      groups_.push_back(gid);
    }
  } else if (!user_.empty()) {
    int count = 64;
    groups_.resize(static_cast<size_t>(count));
    while (getgrouplist(user_.c_str(), gid_, groups_.data(), &count) < 0)
      groups_.resize(static_cast<size_t>(count));
    groups_.resize(static_cast<size_t>(count));
  } else if (has_gid_) {
    groups_.push_back(gid_);
  }
  std::sort(groups_.begin(), groups_.end());
  groups_.erase(std::unique(groups_.begin(), groups_.end()), groups_.end());
  return {};
}

Failure Credentials::check_rights() const {
  if (geteuid() == 0) return {};
  if (has_uid_ && (uid_ != getuid() || uid_ != geteuid()))
    return {.step = Step::user_, .error = EPERM};
  if (has_gid_ && (gid_ != getgid() || gid_ != getegid()))
    return {.step = Step::group_, .error = EPERM};
  return {};
}

int Credentials::apply() const {
  const bool is_root = raw::syscall(SYS_geteuid) == 0;
  // An ordinary user stays what it is, and may not set its groups, not even to the same.
  if (!is_root) return 0;
  if (has_groups_) {
    const long error = raw::syscall(SYS_setgroups, static_cast<long>(groups_.size()),
                                    raw::pointer(groups_.data()));
    if (raw::failed(error)) return static_cast<int>(-error);
    if (raw::syscall(SYS_getgroups, 0, 0) != static_cast<long>(groups_.size())) return EPERM;
  }
  if (has_gid_) {
    const long error = raw::syscall(SYS_setresgid, gid_, gid_, gid_);
    if (raw::failed(error)) return static_cast<int>(-error);
    gid_t real = 0, effective = 0, saved = 0;
    raw::syscall(SYS_getresgid, raw::pointer(&real), raw::pointer(&effective),
                 raw::pointer(&saved));
    if (real != gid_ || effective != gid_ || saved != gid_) return EPERM;
  }
  if (has_uid_) {
    const long error = raw::syscall(SYS_setresuid, uid_, uid_, uid_);
    if (raw::failed(error)) return static_cast<int>(-error);
    uid_t real = 0, effective = 0, saved = 0;
    raw::syscall(SYS_getresuid, raw::pointer(&real), raw::pointer(&effective),
                 raw::pointer(&saved));
    if (real != uid_ || effective != uid_ || saved != uid_) return EPERM;
    if (uid_ != 0 && raw::syscall(SYS_setuid, 0) == 0) return EPERM;
  }
  return 0;
}

int Credentials::apply_to_all_threads() const {
  if (geteuid() != 0) return 0;
  if (has_groups_ && setgroups(groups_.size(), groups_.data()) != 0) return errno;
  if (has_gid_ && setresgid(gid_, gid_, gid_) != 0) return errno;
  if (has_uid_ && setresuid(uid_, uid_, uid_) != 0) return errno;
  return has_uid_ && uid_ != 0 && setuid(0) == 0 ? EPERM : 0;
}

// Into the directory first, or it could be another one by the time of the chroot; to the new root
// after it, or the old one could still be reached by "..".
int change_root(const std::string& directory) {
  long error = raw::syscall(SYS_chdir, raw::pointer(directory.c_str()));
  if (error == 0) error = raw::syscall(SYS_chroot, raw::pointer("."));
  if (error == 0) error = raw::syscall(SYS_chdir, raw::pointer("/"));
  return static_cast<int>(-error);
}

}  // namespace tsdaemon
