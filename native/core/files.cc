#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "scoped.h"

namespace tsdaemon {

std::string read_file(const char* path) {
  const ScopedFd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  char part[4096];
  for (ssize_t length; file.valid() && (length = ::read(file.get(), part, sizeof(part))) > 0;)
    text.append(part, static_cast<size_t>(length));
  return text;
}

std::vector<int> thread_ids() {
  std::vector<int> ids;
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(opendir("/proc/self/task"), closedir);
  while (const dirent* task = tasks ? readdir(tasks.get()) : nullptr)
    if (task->d_name[0] != '.') ids.push_back(atoi(task->d_name));
  return ids;
}

}  // namespace tsdaemon
