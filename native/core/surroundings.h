#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "plan.h"
#include "scoped.h"

namespace tsdaemon {

/// What the steps of a start change in the process itself, to be put back when a later one fails in
/// the foreground: there is no daemon there that would end with them.
class Surroundings {
 public:
  /// Before the first step. `threads` are all those of the process. Returns 0 or an errno.
  int remember(const Plan& plan, const std::vector<int>& threads);

  /// In the reverse order. What root alone may undo stays as it is once root was given up.
  void put_back() const;

 private:
  void put_credentials_back() const;
  void put_directory_back() const;
  void put_limits_back() const;

  struct Nice {
    int thread, value;
  };

  mode_t umask_ = 0;
  rlimit core_{}, nofile_{};
  std::string oom_score_adj_;  // empty: not to be changed
  std::vector<Nice> nices_;    // of every thread; empty: not to be changed
  ScopedFd root_;              // not valid: not to be changed
  ScopedFd directory_;
  bool has_credentials_ = false;
  uid_t uids_[3] = {};
  gid_t gids_[3] = {};
  std::vector<gid_t> groups_;
};

}  // namespace tsdaemon
