#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "forkall/own_proc.h"
#include "scoped.h"

namespace tsdaemon {

int read_file(const std::string& path, std::string* text) {
  const ScopedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno;
  for (;;) {
    char part[4096];
    const ssize_t length = ::read(file.get(), part, sizeof(part));
    if (length < 0 && errno != EINTR) return errno;
    if (length == 0) return 0;
    if (length > 0) text->append(part, static_cast<size_t>(length));
  }
}

bool may_have_open(int pid, const struct stat& file) {
  if (forkall::verify_own_proc() != 0) return true;
  bool has_open = false;
  const int error = each_entry(
      ("/proc/" + std::to_string(pid) + "/fd").c_str(), [&](int directory, const dirent& entry) {
        struct stat open {};
        has_open =
            has_open || (fstatat(directory, entry.d_name, &open, 0) == 0 && same_file(file, open));
        return 0;
      });
  return has_open || error != 0;
}

int list_threads(std::vector<int>* ids) {
  const int error = each_entry("/proc/self/task", [ids](int, const dirent& task) {
    ids->push_back(atoi(task.d_name));
    return 0;
  });
  if (error != ENOENT) return error;
  *ids = {0};
  return 0;
}

}  // namespace tsdaemon
