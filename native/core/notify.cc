#include "notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "forkall/numbers.h"
#include "forkall/syscalls.h"
#include "scoped.h"

namespace tsdaemon {

namespace {

// Longer than a supervisor is ever busy; and yet a program does not hang for ever because its
// supervisor does.
constexpr timeval patience{5, 0};

}  // namespace

int connect_notify_socket(const std::string& address) {
  sockaddr_un name{};
  const bool is_abstract = address[0] == '@';
  if (!is_abstract && address[0] != '/') return -EAFNOSUPPORT;
  if (address.size() >= sizeof(name.sun_path)) return -ENAMETOOLONG;
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, address.data(), address.size());
  // The length of an abstract name is a part of it: a zero at its end would be another name.
  if (is_abstract) name.sun_path[0] = '\0';
  const size_t length = offsetof(sockaddr_un, sun_path) + address.size() + (is_abstract ? 0 : 1);

  ScopedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
      connect(socket.get(), reinterpret_cast<const sockaddr*>(&name),
              static_cast<socklen_t>(length)) != 0)
    return -errno;
  return socket.release();
}

int notify(int socket, const std::string& message, bool waits) {
  const int flags = MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT);
  return send(socket, message.data(), message.size(), flags) < 0 ? errno : 0;
}

void notify_ready(int socket, int daemon) {
  constexpr char start[] = "READY=1\nMAINPID=";
  char message[sizeof(start) + forkall::decimal_size];
  memcpy(message, start, sizeof(start));
  const char* end =
      forkall::write_decimal(message + sizeof(start) - 1, static_cast<unsigned>(daemon));
  forkall::raw::syscall(SYS_sendto, socket, forkall::raw::pointer(message), end - message,
                        MSG_NOSIGNAL, 0, 0);
}

}  // namespace tsdaemon
