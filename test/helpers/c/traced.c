// traced PROGRAM ARGUMENT...
//
// Runs a program under a tracer that lets it go on whenever it stops, and ends as it ends. What it forks is not traced.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const pid_t traced = fork();
  if (traced == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(2);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  for (;;) {
    int status = 0;
    if (waitpid(traced, &status, __WALL) != traced) return 2;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    const int signal = WSTOPSIG(status);
    ptrace(PTRACE_CONT, traced, NULL, (void *)(long)(signal == SIGTRAP ? 0 : signal));
  }
}
