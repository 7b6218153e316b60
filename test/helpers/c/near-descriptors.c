// near-descriptors PROGRAM ARGUMENT...
//
// Runs a program that is killed when it closes, duplicates or asks for a descriptor with a number of 1000 or more, as
// it would on its way to the limit of open files.

#include <stddef.h>
#include <sys/syscall.h>

#include "under-filter.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fstat, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      // Little-endian: the lower half of the number. A negative one is no descriptor.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000u, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  return run_under_filter(code, sizeof(code) / sizeof(*code), argv + 1);
}
