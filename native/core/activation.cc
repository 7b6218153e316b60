#include "activation.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace tsdaemon {

bool is_addressed_socket(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
         length > sizeof(address.ss_family);
}

int close_on_exec(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0 ? 0 : errno;
}

}  // namespace tsdaemon
