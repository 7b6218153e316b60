#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace tsdaemon {

/// Appends the whole of a file of /proc. Returns 0 or an errno.
int read_file(const std::string& path, std::string* text);

/// The ids of all threads of this process; 0, which is this one, where there is no /proc. Returns 0
/// or an errno.
int list_threads(std::vector<int>* ids);

inline bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// False if the process is known not to have this very file open. Where /proc does not show that,
/// it is not known.
bool may_have_open(int pid, const struct stat& file);

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

/// Calls `visit(directory, entry)` for each entry but "." and "..", until one returns an errno.
template <typename Visit>
int each_entry(const char* path, Visit visit) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path));
  if (!directory) return errno;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(directory.get());
    if (entry == nullptr) return errno;
    if (entry->d_name[0] == '.') continue;
    if (const int error = visit(dirfd(directory.get()), *entry)) return error;
  }
}

}  // namespace tsdaemon
