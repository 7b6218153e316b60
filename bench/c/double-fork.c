// The classic recipe of daemon(7), in a process of so many kB of written memory:
//
//   double-fork KILOBYTES
//
// Prints, in milliseconds of CLOCK_MONOTONIC, when it began and when the daemon was complete.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
  if (argc != 2) errx(2, "double-fork KILOBYTES");
  const size_t size = strtoul(argv[1], NULL, 10) * 1024;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) err(2, "mmap");
  memset(memory, 1, size);

  const double begin = now();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int complete[2];
  if (null < 0 || pipe2(complete, O_CLOEXEC) != 0) err(2, "pipe");
  const pid_t session = fork();
  if (session < 0) err(2, "fork");
  if (session > 0) {
    char word;
    close(complete[1]);
    if (read(complete[0], &word, 1) != 1) errx(1, "there is no daemon");
    _exit(0);
  }
  setsid();
  const pid_t daemon = fork();
  if (daemon < 0) err(2, "fork");
  if (daemon > 0) _exit(0);
  umask(022);
  if (chdir("/") != 0) err(1, "chdir");
  dup2(null, 0);
  dup2(null, 2);
  const double end = now();
  if (write(complete[1], "", 1) != 1) _exit(1);
  printf("{\"begin\":%.6f,\"end\":%.6f}\n", begin, end);
  return 0;
}
