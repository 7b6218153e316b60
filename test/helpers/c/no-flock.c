// no-flock PROGRAM ARGUMENT...
//
// Runs a program for which flock(2) fails with ENOLCK, as it does on some network file systems.

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "under-filter.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return run_under_filter(code, sizeof(code) / sizeof(*code), argv + 1);
}
