// filtered FILTER PROGRAM ARGUMENT...
//
// Runs a program for which a system call is not what it was, seccomp(2): FILTER names one of the table below.

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "under-filter.h"

static const struct {
  const char *name;
  unsigned call;
  unsigned argument, least, most;  // only where that argument is between these
  unsigned action;
} filters[] = {
    // As on some network file systems.
    {"no-flock", SYS_flock, 0, 0, UINT_MAX, SECCOMP_RET_ERRNO | ENOLCK},
    // Nobody can be signalled by a mere number.
    {"no-kill", SYS_kill, 0, 0, UINT_MAX, SECCOMP_RET_ERRNO | EPERM},
    // Node reads less at a time, but for files that are larger.
    {"no-large-read", SYS_read, 2, 200000, UINT_MAX, SECCOMP_RET_ERRNO | EACCES},
    // As under a kernel, or a sandbox, that does not know them.
    {"no-rseq", SYS_rseq, 0, 0, UINT_MAX, SECCOMP_RET_ERRNO | ENOSYS},
    {"no-tid-address", SYS_prctl, 0, PR_GET_TID_ADDRESS, PR_GET_TID_ADDRESS, SECCOMP_RET_ERRNO | EINVAL},
    // The program ends where it changes its directory, by SIGSYS.
    {"killed-by-chdir", SYS_chdir, 0, 0, UINT_MAX, SECCOMP_RET_KILL_PROCESS},
};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
    if (strcmp(argv[1], filters[i].name) != 0) continue;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, filters[i].call, 0, 4),
        // Little-endian: the lower half.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[filters[i].argument])),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, filters[i].least, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, filters[i].most, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, filters[i].action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return run_under_filter(code, sizeof(code) / sizeof(*code), argv + 2);
  }
  return 2;
}
