#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

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
