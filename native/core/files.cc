#include "files.h"

#include <fcntl.h>
#include <unistd.h>

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

}  // namespace tsdaemon
