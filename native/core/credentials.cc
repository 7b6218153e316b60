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

// An ordinary user stays what it is, and may ask for nothing else.
Failure Credentials::check_rights() {
  seen_.resize(groups_.size() + 1);
  if (geteuid() == 0) return {};
  if (has_uid_ && (uid_ != getuid() || uid_ != geteuid()))
    return {.step = Step::user_, .error = EPERM};
  if (has_gid_ && (gid_ != getgid() || gid_ != getegid()))
    return {.step = Step::group_, .error = EPERM};
  if (has_groups_ && !has_these_groups()) return {.step = Step::groups_, .error = EPERM};
  return {};
}

int Credentials::apply() const {
  if (has_groups_ && raw::syscall(SYS_geteuid) == 0)
    if (const long error = raw::syscall(SYS_setgroups, static_cast<long>(groups_.size()),
                                        raw::pointer(groups_.data())))
      return static_cast<int>(-error);
  if (has_gid_)
    if (const long error = raw::syscall(SYS_setresgid, gid_, gid_, gid_))
      return static_cast<int>(-error);
  if (has_uid_)
    if (const long error = raw::syscall(SYS_setresuid, uid_, uid_, uid_))
      return static_cast<int>(-error);
  return verify();
}

int Credentials::apply_to_all_threads() const {
  if (has_groups_ && geteuid() == 0 && setgroups(groups_.size(), groups_.data()) != 0) return errno;
  if (has_gid_ && setresgid(gid_, gid_, gid_) != 0) return errno;
  if (has_uid_ && setresuid(uid_, uid_, uid_) != 0) return errno;
  return verify();
}

// The way back is tried as well. Raw system calls.
int Credentials::verify() const {
  uint32_t real = 0, effective = 0, saved = 0;
  if (has_groups_ && !has_these_groups()) return EPERM;
  if (has_gid_) {
    raw::syscall(SYS_getresgid, raw::pointer(&real), raw::pointer(&effective),
                 raw::pointer(&saved));
    if (real != gid_ || effective != gid_ || saved != gid_) return EPERM;
  }
  if (has_uid_) {
    raw::syscall(SYS_getresuid, raw::pointer(&real), raw::pointer(&effective),
                 raw::pointer(&saved));
    if (real != uid_ || effective != uid_ || saved != uid_) return EPERM;
    if (uid_ != 0 && raw::syscall(SYS_setuid, 0) == 0) return EPERM;
  }
  return 0;
}

// The group itself may be among them or not: it makes no difference. Raw system calls; more groups
// than there is room for are others.
bool Credentials::has_these_groups() const {
  const long count =
      raw::syscall(SYS_getgroups, static_cast<long>(seen_.size()), raw::pointer(seen_.data()));
  if (raw::failed(count)) return false;
  const auto own = static_cast<gid_t>(raw::syscall(SYS_getegid));
  const auto has = [own](const gid_t* begin, const gid_t* end, gid_t group) {
    return group == own || std::find(begin, end, group) != end;
  };
  const gid_t* seen_end = seen_.data() + count;
  const gid_t* wanted_end = groups_.data() + groups_.size();
  return std::all_of(seen_.data(), seen_.data() + count,
                     [&](gid_t group) { return has(groups_.data(), wanted_end, group); }) &&
         std::all_of(groups_.begin(), groups_.end(),
                     [&](gid_t group) { return has(seen_.data(), seen_end, group); });
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
