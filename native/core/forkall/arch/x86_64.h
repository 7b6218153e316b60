#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cerrno>
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

/// clone(2) of a process that goes on here, with the caller's stack and thread pointer.
inline long clone_process(unsigned long flags, int* parent_tid, int* child_tid) {
  // (flags, stack, parent_tid, child_tid, tls)
  return syscall(SYS_clone, static_cast<long>(flags), 0, reinterpret_cast<long>(parent_tid),
                 reinterpret_cast<long>(child_tid));
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

/// A flow of control that a signal has interrupted, as the handler's third argument has it.
class Interrupted {
 public:
  Interrupted() = default;
  explicit Interrupted(void* frame)
      : registers_(static_cast<ucontext_t*>(frame)->uc_mcontext.gregs) {}

  uintptr_t instruction() const { return static_cast<uintptr_t>(registers_[REG_RIP]); }
  uintptr_t stack() const { return static_cast<uintptr_t>(registers_[REG_RSP]); }
  uintptr_t first_argument() const { return static_cast<uintptr_t>(registers_[REG_RDI]); }

  /// True if it slept in the kernel: it is about to make its system call again, or was told EINTR.
  bool slept() const {
    if (is_system_call(instruction())) return !returns_at_once();
    return is_system_call(instruction() - instruction_size) && registers_[REG_RAX] == -EINTR;
  }

  /// The register of what a system call has just returned, null if it was interrupted elsewhere.
  const greg_t* result() const {
    return is_system_call(instruction() - instruction_size) ? &registers_[REG_RAX] : nullptr;
  }

  /// True if it slept in futex(2) until a lock is let go.
  bool slept_for_lock() const {
    if (!slept() || (registers_[REG_RAX] != SYS_futex && registers_[REG_RAX] != -EINTR))
      return false;
    const greg_t operation = registers_[REG_RSI] & FUTEX_CMD_MASK;
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET ||
           operation == FUTEX_LOCK_PI || operation == futex_lock_pi2;
  }

  /// True if `passes(value)` for the first argument of the system call in which it slept.
  template <typename Passes>
  bool first_argument_passes(Passes passes) const {
    return passes(first_argument());
  }

  /// Calls `visit(value)` for each register in which a caller of futex(2) may keep a value.
  template <typename Visit>
  void each_kept_register(Visit visit) const {
    constexpr int kept[] = {REG_RBX, REG_RBP, REG_R8, REG_R9, REG_R12, REG_R13, REG_R14, REG_R15};
    for (const int i : kept) visit(registers_[i]);
  }

  /// Calls `visit(value)` for each register that a program computes with.
  template <typename Visit>
  void each_register(Visit visit) const {
    for (int i = REG_R8; i <= REG_RCX; ++i)
      if (i != REG_RSP) visit(registers_[i]);
  }

 private:
  static constexpr uintptr_t instruction_size = 2;
  static constexpr int futex_lock_pi2 = 13;  // since Linux 5.14

  static bool is_system_call(uintptr_t address) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(address);
    return bytes[0] == 0x0f && bytes[1] == 0x05;
  }

  // What sends a signal, tells an id or lets a lock go never sleeps: the call is yet to be made.
  // raise(3) has the thread's id in a register while it asks for that of the process (seen with
  // glibc 2.36: the signal was sent to the old id).
  bool returns_at_once() const {
    const greg_t number = registers_[REG_RAX];
    return number == SYS_getpid || number == SYS_gettid || number == SYS_tgkill ||
           number == SYS_tkill || number == SYS_rt_tgsigqueueinfo ||
           (number == SYS_futex && (registers_[REG_RSI] & FUTEX_CMD_MASK) == FUTEX_UNLOCK_PI);
  }

  greg_t* registers_ = nullptr;
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
