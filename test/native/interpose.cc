#include "interpose.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "core/forkall/syscalls.h"
#include "core/forkall/thread_block.h"
#include "sanitizers.h"

// Stands in for what nobody may call while threads are parked, because a parked thread may hold its
// lock. malloc and its kin are replaced for the C library as well; of the others every call out of
// this executable comes here first, by the linker's --wrap.
namespace tsdaemon::test {

namespace raw = forkall::raw;

namespace {

// But SIGKILL and SIGSTOP, which nobody can block, and perhaps the parking signal.
bool blocks_every_signal() {
  constexpr uint64_t open = raw::signal_bit(SIGKILL) | raw::signal_bit(SIGSTOP) |
                            raw::signal_bit(forkall::parking_signal);
  uint64_t mask = 0;
  raw::sigprocmask(SIG_BLOCK, nullptr, &mask);
  return (mask | open) == ~uint64_t{0};
}

// The frame of a signal handler starts with the address that the handler returns to, which forkall
// has of its own. More than a kilobyte of registers lies above it.
__attribute__((no_sanitize("address"))) bool is_in_a_handler_of_forkall() {
  const auto returns_to = reinterpret_cast<uintptr_t>(forkall::arch::tsdaemon_signal_return);
  const auto* word = static_cast<const volatile uintptr_t*>(__builtin_frame_address(0));
  for (size_t i = 0; i < 128; ++i)
    if (word[i] == returns_to) return true;
  return false;
}

}  // namespace

// A thread that ends blocks the same signals, in the C library, and frees what it has.
bool is_frozen() {
  return blocks_every_signal() && (raw::gettid() == raw::getpid() || is_in_a_handler_of_forkall());
}

void forbid_while_frozen(const char* function) {
  if (!is_frozen()) return;
  for (const char* text : {"between freeze and thaw: ", function, "\n"})
    raw::write(STDERR_FILENO, text, strlen(text));
  // abort(3) takes a lock, and raise(3) would find the signal blocked.
  for (;;) __builtin_trap();
}

}  // namespace tsdaemon::test

#define FORBID tsdaemon::test::forbid_while_frozen(__func__)

// The sanitizer has a malloc of its own, which cannot be replaced a second time.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void __libc_free(void* memory);
void* __libc_memalign(size_t alignment, size_t size);

#define PUBLIC __attribute__((visibility("default")))

PUBLIC void* malloc(size_t size) {
  FORBID;
  return __libc_malloc(size);
}

PUBLIC void* calloc(size_t count, size_t size) {
  FORBID;
  return __libc_calloc(count, size);
}

PUBLIC void* realloc(void* memory, size_t size) {
  FORBID;
  return __libc_realloc(memory, size);
}

PUBLIC void free(void* memory) {
  FORBID;
  __libc_free(memory);
}

PUBLIC void* memalign(size_t alignment, size_t size) {
  FORBID;
  return __libc_memalign(alignment, size);
}

PUBLIC void* aligned_alloc(size_t alignment, size_t size) {
  FORBID;
  return __libc_memalign(alignment, size);
}

PUBLIC int posix_memalign(void** memory, size_t alignment, size_t size) {
  FORBID;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

#endif

// `--wrap=name` of binding.gyp: a call of name comes to __wrap_name, and __real_name is the
// library's.
#define WRAP(type, name, parameters, arguments) \
  extern "C" type __real_##name parameters;     \
  extern "C" type __wrap_##name parameters;     \
  extern "C" type __wrap_##name parameters {    \
    FORBID;                                     \
    return __real_##name arguments;             \
  }

WRAP(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
WRAP(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
WRAP(int, pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock))
WRAP(int, pthread_once, (pthread_once_t * once, void (*routine)()), (once, routine))
WRAP(void*, dlsym, (void* handle, const char* name), (handle, name))
WRAP(DIR*, opendir, (const char* path), (path))
WRAP(dirent*, readdir, (DIR * directory), (directory))
WRAP(int, closedir, (DIR * directory), (directory))
WRAP(FILE*, fopen, (const char* path, const char* mode), (path, mode))
WRAP(int, fclose, (FILE * file), (file))
WRAP(int, vfprintf, (FILE * file, const char* format, va_list list), (file, format, list))
WRAP(int, fputs, (const char* text, FILE* file), (text, file))
WRAP(char*, getenv, (const char* name), (name))
WRAP(char*, strerror, (int error), (error))
WRAP(void, exit, (int status), (status))
WRAP(void, abort, (), ())
#if defined(__GLIBC__)
WRAP(dirent64*, readdir64, (DIR * directory), (directory))
WRAP(FILE*, fopen64, (const char* path, const char* mode), (path, mode))
#else
// The C library's own calls of these go by other names.
WRAP(void*, malloc, (size_t size), (size))
WRAP(void*, calloc, (size_t count, size_t size), (count, size))
WRAP(void*, realloc, (void* memory, size_t size), (memory, size))
WRAP(void, free, (void* memory), (memory))
#endif

extern "C" pid_t __real_fork();
extern "C" pid_t __wrap_fork();
extern "C" pid_t __wrap_fork() {
  FORBID;
  tsdaemon::test::let_shadow_into_forks();
  const pid_t pid = __real_fork();
  tsdaemon::test::keep_shadow_out_of_forks();
  return pid;
}
