// reaper PROGRAM ARGUMENT...
//
// Runs a launcher as its child and, being a subreaper, becomes the parent of the daemon it leaves
// behind: so a test learns how both ended. One line an event on descriptor 3:
//
//     start PID            the launcher's id
//     end PID STATUS       it exited
//     kill PID SIGNAL      a signal ended it
//
// It ends when its last descendant has. When whoever started it goes first, it ends them all.

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void end_children(void) {
  FILE *children = fopen("/proc/thread-self/children", "r");
  int pid;
  if (children == NULL) return;
  while (fscanf(children, "%d", &pid) == 1) kill(pid, SIGKILL);
  fclose(children);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  sigset_t awaited, before;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_BLOCK, &awaited, &before);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  fcntl(3, F_SETFD, FD_CLOEXEC);

  pid_t launcher = fork();
  if (launcher < 0) return 2;
  if (launcher == 0) {
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    // Whatever the one who runs the tests has left open: a launcher inherits no more than a test gives it.
    syscall(__NR_close_range, 4, ~0u, 0);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  dprintf(3, "start %d\n", launcher);

  // The launcher's own descriptors are what the test looks at; a copy kept here would hold them open.
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);

  for (int orphaned = 0;;) {
    int status, signal;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (WIFEXITED(status)) dprintf(3, "end %d %d\n", pid, WEXITSTATUS(status));
      if (WIFSIGNALED(status)) dprintf(3, "kill %d %d\n", pid, WTERMSIG(status));
    }
    if (pid < 0) return 0;
    if (orphaned) end_children();
    sigwait(&awaited, &signal);
    if (signal == SIGTERM) orphaned = 1;
  }
}
