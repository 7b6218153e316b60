#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

// Executes `argv` with its system calls filtered, seccomp(2). Returns the exit status if it cannot.
static int run_under_filter(struct sock_filter *code, unsigned short length, char **argv) {
  struct sock_fprog program = {length, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("seccomp");
    return 2;
  }
  execvp(argv[0], argv);
  perror(argv[0]);
  return 127;
}
