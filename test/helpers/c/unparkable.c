// A Node addon that starts a thread no signal reaches, not even the libc's internal ones: what a
// thread in an uninterruptible wait is to a freeze, but one that a test can end. It reads from the
// descriptor of the variable UNPARKABLE_FD with every signal blocked by the raw system call
// (pthread_sigmask leaves out 32 and 33), and at end of file lets them through again and waits on.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *unparkable(void *fd) {
  unsigned long long all = ~0ull, none = 0;
  char byte;
  syscall(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &all, NULL, sizeof all);
  while (read((int)(long)fd, &byte, 1) > 0) continue;
  syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, sizeof none);
  for (;;) pause();
  return NULL;
}

void *napi_register_module_v1(void *env, void *exports) {
  pthread_t thread;
  (void)env;
  pthread_create(&thread, NULL, unparkable, (void *)(long)atoi(getenv("UNPARKABLE_FD")));
  return exports;
}

int node_api_module_get_api_version_v1(void) { return 8; }
