#include "registers.h"

namespace tsdaemon::test {

asm(R"(
  .text

# All but the stack pointer and rax, which holds the address of the flag.
  .type tsdaemon_test_spin_general, @function
tsdaemon_test_spin_general:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push %rsi
  mov %rdx, %rax
  mov 0(%rdi), %rbx
  mov 8(%rdi), %rcx
  mov 16(%rdi), %rdx
  mov 24(%rdi), %rsi
  mov 32(%rdi), %rbp
  mov 40(%rdi), %r8
  mov 48(%rdi), %r9
  mov 56(%rdi), %r10
  mov 64(%rdi), %r11
  mov 72(%rdi), %r12
  mov 80(%rdi), %r13
  mov 88(%rdi), %r14
  mov 96(%rdi), %r15
  mov 104(%rdi), %rdi
1:
  cmpl $0, (%rax)
  je 1b
  mov (%rsp), %rax
  mov %rbx, 0(%rax)
  mov %rcx, 8(%rax)
  mov %rdx, 16(%rax)
  mov %rsi, 24(%rax)
  mov %rbp, 32(%rax)
  mov %r8, 40(%rax)
  mov %r9, 48(%rax)
  mov %r10, 56(%rax)
  mov %r11, 64(%rax)
  mov %r12, 72(%rax)
  mov %r13, 80(%rax)
  mov %r14, 88(%rax)
  mov %r15, 96(%rax)
  mov %rdi, 104(%rax)
  pop %rsi
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
  .size tsdaemon_test_spin_general, . - tsdaemon_test_spin_general

  .type tsdaemon_test_spin_x87, @function
tsdaemon_test_spin_x87:
  fildll 0(%rdi)
  fildll 8(%rdi)
  fildll 16(%rdi)
  fildll 24(%rdi)
1:
  cmpl $0, (%rdx)
  je 1b
  fistpll 24(%rsi)
  fistpll 16(%rsi)
  fistpll 8(%rsi)
  fistpll 0(%rsi)
  ret
  .size tsdaemon_test_spin_x87, . - tsdaemon_test_spin_x87

  .macro tsdaemon_test_vector name, move, register, size, last
  .type tsdaemon_test_spin_\name, @function
tsdaemon_test_spin_\name:
  .altmacro
  .set n, 0
  .rept \last + 1
    tsdaemon_test_load \move, \register, %n, %(n * \size)
    .set n, n + 1
  .endr
1:
  cmpl $0, (%rdx)
  je 1b
  .set n, 0
  .rept \last + 1
    tsdaemon_test_store \move, \register, %n, %(n * \size)
    .set n, n + 1
  .endr
  .noaltmacro
  ret
  .size tsdaemon_test_spin_\name, . - tsdaemon_test_spin_\name
  .endm

  .macro tsdaemon_test_load move, register, number, offset
    \move \offset(%rdi), %\register\number
  .endm
  .macro tsdaemon_test_store move, register, number, offset
    \move %\register\number, \offset(%rsi)
  .endm

  tsdaemon_test_vector sse, movups, xmm, 16, 15
  tsdaemon_test_vector avx, vmovups, ymm, 32, 15
  tsdaemon_test_vector avx512, vmovups, zmm, 64, 31
)");

extern "C" {
void tsdaemon_test_spin_general(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_x87(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_sse(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_avx(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_avx512(const void*, void*, const std::atomic<uint32_t>*);
}

const std::vector<RegisterFile>& register_files() {
  static const std::vector<RegisterFile> files = [] {
    std::vector<RegisterFile> has{
        {"general registers", 14 * 8, tsdaemon_test_spin_general},
        {"x87 registers", 4 * 8, tsdaemon_test_spin_x87},
        {"SSE registers", 16 * 16, tsdaemon_test_spin_sse},
    };
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx"))
      has.push_back({"AVX registers", 16 * 32, tsdaemon_test_spin_avx});
    if (__builtin_cpu_supports("avx512f"))
      has.push_back({"AVX-512 registers", 32 * 64, tsdaemon_test_spin_avx512});
    return has;
  }();
  return files;
}

}  // namespace tsdaemon::test
