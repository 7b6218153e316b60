#pragma once

#include <cstdint>

namespace tsdaemon::forkall::arch {

inline long syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                    long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// The first word of the thread control block is its own address (System V ABI, TLS variant II).
inline uintptr_t thread_pointer() {
  uintptr_t pointer;
  asm volatile("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}

// What the ABI says a function call preserves; the rest is in the signal frame.
struct Context {
  uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

// The signature that rseq(2) wants in front of an abort handler.
inline constexpr uint32_t rseq_signature = 0x53053053;

// arch_prctl(2), since Linux 6.6. Returns 0 and the features that are on, or a negated errno.
inline long shadow_stack_status(unsigned long* features) {
  constexpr long sys_arch_prctl = 158;
  constexpr long arch_shstk_status = 0x5005;
  return syscall(sys_arch_prctl, arch_shstk_status, reinterpret_cast<long>(features));
}

}  // namespace tsdaemon::forkall::arch
