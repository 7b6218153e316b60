#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "arch/context.h"

// Linux system calls without the C library: no errno, no cancellation point, no lock. Each returns
// what the kernel returns: a value, or a negated errno.
namespace tsdaemon::forkall::raw {

using arch::syscall;

inline constexpr bool failed(long result) { return result < 0; }

inline long pointer(const volatile void* p) { return reinterpret_cast<long>(p); }

inline int gettid() { return static_cast<int>(syscall(SYS_gettid)); }
inline int getpid() { return static_cast<int>(syscall(SYS_getpid)); }
inline long setsid() { return syscall(SYS_setsid); }

inline long read(int fd, void* buffer, size_t size) {
  return syscall(SYS_read, fd, pointer(buffer), static_cast<long>(size));
}
inline long pread(int fd, void* buffer, size_t size, uint64_t offset) {
  return syscall(SYS_pread64, fd, pointer(buffer), static_cast<long>(size),
                 static_cast<long>(offset));
}
inline long write(int fd, const void* data, size_t size) {
  return syscall(SYS_write, fd, pointer(data), static_cast<long>(size));
}
/// Of what an address leads to, which need not be what is expected, nor anything: how much was
/// read.
inline size_t read_memory(uintptr_t address, void* out, size_t size) {
  const iovec local{out, size};
  const iovec remote{reinterpret_cast<void*>(address), size};
  const long length =
      syscall(SYS_process_vm_readv, getpid(), pointer(&local), 1, pointer(&remote), 1, 0);
  return failed(length) ? 0 : static_cast<size_t>(length);
}
inline long rewind(int fd) { return syscall(SYS_lseek, fd, 0, SEEK_SET); }
inline long openat(int directory, const char* path, int flags) {
  return syscall(SYS_openat, directory, pointer(path), flags, 0);
}
inline long close(int fd) { return syscall(SYS_close, fd); }
// By the kernel's name: glibc 2.31, which the prebuilt addon is built with, has none for it.
inline long close_range(unsigned first, unsigned last) {
  return syscall(__NR_close_range, first, last, 0);
}
inline long getdents(int fd, void* buffer, size_t size) {
  return syscall(SYS_getdents64, fd, pointer(buffer), static_cast<long>(size));
}
inline long madvise(uintptr_t start, uintptr_t end, int advice) {
  return syscall(SYS_madvise, static_cast<long>(start), static_cast<long>(end - start), advice);
}
inline long prctl(int option, long a = 0, long b = 0) { return syscall(SYS_prctl, option, a, b); }

[[noreturn]] inline void exit_group(int status) {
  for (;;) syscall(SYS_exit_group, status);
}

/// The kernel's own struct sigaction, which is not the C library's.
struct SignalAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  uint64_t mask;
};

inline constexpr unsigned long sa_restorer = 0x04000000;
inline constexpr uint64_t signal_bit(int signal) { return uint64_t{1} << (signal - 1); }

inline long sigaction(int signal, const SignalAction* action, SignalAction* previous) {
  return syscall(SYS_rt_sigaction, signal, pointer(action), pointer(previous), sizeof(uint64_t));
}
inline long sigprocmask(int how, const uint64_t* mask, uint64_t* previous) {
  return syscall(SYS_rt_sigprocmask, how, pointer(mask), pointer(previous), sizeof(uint64_t));
}
inline long tgsigqueue(int process, int thread, int signal, siginfo_t* info) {
  return syscall(SYS_rt_tgsigqueueinfo, process, thread, signal, pointer(info));
}
inline long tgkill(int process, int thread, int signal) {
  return syscall(SYS_tgkill, process, thread, signal);
}

inline uint64_t now_ns() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, pointer(&now));
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

inline constexpr int futex_wait_private = 0 | 128;
inline constexpr int futex_wake_private = 1 | 128;

/// Sleeps while `word` is `expected`, at most `timeout_ns` (0: for ever).
inline long futex_wait(std::atomic<uint32_t>& word, uint32_t expected, uint64_t timeout_ns = 0) {
  timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000u),
                   static_cast<long>(timeout_ns % 1'000'000'000u)};
  return syscall(SYS_futex, pointer(&word), futex_wait_private, static_cast<long>(expected),
                 timeout_ns == 0 ? 0 : pointer(&timeout));
}
inline long futex_wake_all(std::atomic<uint32_t>& word) {
  return syscall(SYS_futex, pointer(&word), futex_wake_private, INT_MAX);
}

}  // namespace tsdaemon::forkall::raw
