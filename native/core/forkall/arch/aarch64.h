#pragma once

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cerrno>
#include <cstdint>

namespace tsdaemon::forkall::arch {

inline long syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                    long f = 0) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory", "cc");
  return x0;
}

/// clone(2) of a process that goes on here, with the caller's stack and thread pointer.
inline long clone_process(unsigned long flags, int* parent_tid, int* child_tid) {
  // (flags, stack, parent_tid, tls, child_tid)
  return syscall(SYS_clone, static_cast<long>(flags), 0, reinterpret_cast<long>(parent_tid), 0,
                 reinterpret_cast<long>(child_tid));
}

inline uintptr_t thread_pointer() {
  uintptr_t pointer;
  asm volatile("mrs %0, tpidr_el0" : "=r"(pointer));
  return pointer;
}

// What the ABI says a function call preserves (AAPCS64); the rest is in the signal frame.
struct Context {
  uint64_t x19_to_x28[10], x29, x30, sp, d8_to_d15[8];
};

/// A flow of control that a signal has interrupted, as the handler's third argument has it.
class Interrupted {
 public:
  Interrupted() = default;
  explicit Interrupted(void* frame) : state_(&static_cast<ucontext_t*>(frame)->uc_mcontext) {}

  uintptr_t instruction() const { return state_->pc; }
  uintptr_t stack() const { return state_->sp; }
  uintptr_t first_argument() const { return state_->regs[0]; }

  /// True if it slept in the kernel: it is about to make its system call again, or was told EINTR.
  bool slept() const {
    if (is_system_call(instruction())) return !returns_at_once();
    return is_system_call(instruction() - instruction_size) && was_told_to_return();
  }

  /// The register of what a system call has just returned, null if it was interrupted elsewhere.
  const auto* result() const {
    return is_system_call(instruction() - instruction_size) ? &registers()[0] : nullptr;
  }

  /// True if it slept in futex(2) until a lock is let go.
  bool slept_for_lock() const {
    if (!slept() || number() != SYS_futex) return false;
    const uint64_t operation = state_->regs[1] & FUTEX_CMD_MASK;
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET ||
           operation == FUTEX_LOCK_PI || operation == futex_lock_pi2;
  }

  /// True if `passes(value)` for what may be the first argument of the system call in which it
  /// slept. EINTR has taken the argument's place: whoever calls again has it somewhere else.
  template <typename Passes>
  bool first_argument_passes(Passes passes) const {
    if (!was_told_to_return()) return passes(first_argument());
    bool passed = false;
    each_kept_register([&](uint64_t value) { passed = passed || passes(value); });
    return passed;
  }

  /// Calls `visit(value)` for each register in which a caller of futex(2) may keep a value: the
  /// kernel preserves all but the first.
  template <typename Visit>
  void each_kept_register(Visit visit) const {
    for (int i = 4; i < frame_pointer; ++i)
      if (i != number_register) visit(registers()[i]);
  }

  /// Calls `visit(value)` for each register that a program computes with.
  template <typename Visit>
  void each_register(Visit visit) const {
    for (int i = 0; i <= link_register; ++i) visit(registers()[i]);
  }

 private:
  static constexpr int number_register = 8, frame_pointer = 29, link_register = 30;
  static constexpr uintptr_t instruction_size = 4;
  static constexpr uint64_t futex_lock_pi2 = 13;  // since Linux 5.14

  static bool is_system_call(uintptr_t address) {
    constexpr uint32_t svc = 0xd4000001;
    return *reinterpret_cast<const uint32_t*>(address) == svc;
  }

  decltype(mcontext_t::regs)& registers() const { return state_->regs; }
  uint64_t number() const { return state_->regs[number_register]; }
  bool was_told_to_return() const { return state_->regs[0] == static_cast<uint64_t>(-EINTR); }

  // What sends a signal, tells an id or lets a lock go never sleeps: the call is yet to be made.
  // raise(3) has the thread's id in a register while it asks for that of the process (seen with
  // glibc 2.36: the signal was sent to the old id).
  bool returns_at_once() const {
    return number() == SYS_getpid || number() == SYS_gettid || number() == SYS_tgkill ||
           number() == SYS_tkill || number() == SYS_rt_tgsigqueueinfo ||
           (number() == SYS_futex && (state_->regs[1] & FUTEX_CMD_MASK) == FUTEX_UNLOCK_PI);
  }

  mcontext_t* state_ = nullptr;
};

// The signature that rseq(2) wants in front of an abort handler.
inline constexpr uint32_t rseq_signature = 0xd428bc00;

// prctl(2), the guarded control stack, since Linux 6.13. Returns 0 and the features that are on, or
// a negated errno.
inline long shadow_stack_status(unsigned long* features) {
  constexpr long pr_get_shadow_stack_status = 74;
  return syscall(SYS_prctl, pr_get_shadow_stack_status, reinterpret_cast<long>(features));
}

}  // namespace tsdaemon::forkall::arch
