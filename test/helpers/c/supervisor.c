// supervisor ADDRESS
//
// Stands in for a supervisor that is told of its services, sd_notify(3), by datagrams to the socket
// ADDRESS: a path, or '@' and a name in the abstract namespace. One line an event on stdout:
//
//     listening
//     PID HEX      a datagram, and who has sent it as the kernel knows: SCM_CREDENTIALS
//
// It ends with whoever started it.

#define _GNU_SOURCE  // struct ucred

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  strcpy(address.sun_path, argv[1]);
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(argv[1]);
  if (argv[1][0] == '@') address.sun_path[0] = '\0';

  int one = 1;
  int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(receiver, (struct sockaddr *)&address, length) != 0 ||
      setsockopt(receiver, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) != 0) {
    perror(argv[1]);
    return 1;
  }
  puts("listening");
  fflush(stdout);

  for (;;) {
    unsigned char text[4096];
    union {
      struct cmsghdr header;
      char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec data = {text, sizeof(text)};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(receiver, &message, 0);
    if (size < 0) return 1;
    struct ucred sender = {0};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_CREDENTIALS)
      memcpy(&sender, CMSG_DATA(header), sizeof(sender));
    printf("%d ", sender.pid);
    for (ssize_t at = 0; at < size; at++) printf("%02x", text[at]);
    printf("\n");
    fflush(stdout);
  }
}
