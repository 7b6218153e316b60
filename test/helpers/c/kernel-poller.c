// A Node addon that makes a ring of io_uring which a thread of the kernel polls, as a native library may.

#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *napi_register_module_v1(void *env, void *exports) {
  struct io_uring_params params;
  (void)env;
  memset(&params, 0, sizeof(params));
  params.flags = IORING_SETUP_SQPOLL;
  params.sq_thread_idle = 1000;
  return syscall(SYS_io_uring_setup, 1, &params) < 0 ? NULL : exports;
}

int node_api_module_get_api_version_v1(void) { return 8; }
