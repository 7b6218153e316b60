// shadow-stacked PROGRAM ARGUMENT...
//
// Runs a program on a kernel that says of it what it says of one with a shadow stack, arch_prctl(2) or prctl(2): the
// question for its features is answered by us, seccomp_unotify(2), as the kernel answers it where the processor has them.
// Everything else is the kernel's. It ends as the program ends.

#define _GNU_SOURCE  // process_vm_writev

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__aarch64__)
// The guarded control stack: PR_GET_SHADOW_STACK_STATUS and PR_SHADOW_STACK_ENABLE.
enum { question_call = SYS_prctl, question_code = 74, is_on = 1 };
#else
// ARCH_SHSTK_STATUS and ARCH_SHSTK_SHSTK.
enum { question_call = SYS_arch_prctl, question_code = 0x5005, is_on = 1 };
#endif

static int listen_for_question(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, question_call, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, question_code, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void answer(int listener) {
  struct seccomp_notif question;
  memset(&question, 0, sizeof(question));
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) return;
  unsigned long features = is_on;
  struct iovec local = {&features, sizeof(features)};
  struct iovec remote = {(void *)question.data.args[1], sizeof(features)};
  process_vm_writev((pid_t)question.pid, &local, 1, &remote, 1, 0);
  struct seccomp_notif_resp response = {.id = question.id};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int number[2];
  if (pipe(number) != 0) return 2;
  const pid_t program = fork();
  if (program == 0) {
    const int listener = listen_for_question();
    if (listener < 0 || write(number[1], &listener, sizeof(listener)) < 0) _exit(2);
    close(number[0]);
    close(number[1]);
    // The exec closes it: our parent takes its copy before.
    raise(SIGSTOP);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int theirs = -1, status = 0;
  waitpid(program, &status, WUNTRACED);
  if (!WIFSTOPPED(status) || read(number[0], &theirs, sizeof(theirs)) < 0) return 2;
  const int process = (int)syscall(SYS_pidfd_open, program, 0);
  const int listener = (int)syscall(__NR_pidfd_getfd, process, theirs, 0);
  kill(program, SIGCONT);
  for (;;) {
    struct pollfd fds[] = {{listener, POLLIN, 0}, {process, POLLIN, 0}};
    poll(fds, 2, -1);
    if ((fds[0].revents & POLLIN) != 0)
      answer(listener);
    else if (fds[1].revents != 0)
      break;
  }
  waitpid(program, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
