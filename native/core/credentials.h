#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "plan.h"
#include "result.h"

namespace tsdaemon {

/// Who the daemon is: names are resolved in the launcher, where the C library may be asked; the
/// change is made in the daemon by raw system calls, before its threads are revived, so that all of
/// them agree.
class Credentials {
 public:
  /// In the launcher. Fails for a user or a group that there is not, and for what this process has
  /// no right to become.
  Failure resolve(const Plan& plan);

  /// In the daemon: setgroups, setresgid, setresuid; then all are verified, and the way back tried.
  /// Returns 0 or an errno.
  int apply() const;

  /// The same where other threads run: through the C library, which tells them all. Returns 0 or an
  /// errno.
  int apply_to_all_threads() const;

  const std::string& user() const { return user_; }
  const std::string& home() const { return home_; }

 private:
  Failure resolve_user(const std::string& user);
  Failure resolve_group(const std::string& group);
  Failure resolve_groups(const Plan& plan);
  Failure check_rights();
  int verify() const;
  bool has_these_groups() const;

  bool has_uid_ = false, has_gid_ = false, has_groups_ = false;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
  mutable std::vector<gid_t> seen_;  // room to look, where nothing may be allocated
  std::string user_, home_;
};

/// chroot(2) as daemon(7) wants it: in, and nowhere else. Raw system calls. Returns 0 or an errno.
int change_root(const std::string& directory);

}  // namespace tsdaemon
