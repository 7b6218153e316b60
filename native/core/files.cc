#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include "scoped.h"

namespace tsdaemon {

std::string read_small_file(const char* path) {
  const ScopedFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t length = file.valid() ? ::read(file.get(), text, sizeof(text)) : -1;
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : std::string();
}

}  // namespace tsdaemon
