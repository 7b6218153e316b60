#include "x86_64.h"

#include "context.h"

namespace tsdaemon::forkall::arch {

static_assert(sizeof(Context) == 64, "the offsets below are those of Context");

asm(R"(
  .text

  .globl tsdaemon_context_save
  .hidden tsdaemon_context_save
  .type tsdaemon_context_save, @function
tsdaemon_context_save:
  mov %rbx, 0(%rdi)
  mov %rbp, 8(%rdi)
  mov %r12, 16(%rdi)
  mov %r13, 24(%rdi)
  mov %r14, 32(%rdi)
  mov %r15, 40(%rdi)
  lea 8(%rsp), %rdx
  mov %rdx, 48(%rdi)
  mov (%rsp), %rdx
  mov %rdx, 56(%rdi)
  xor %eax, %eax
  ret
  .size tsdaemon_context_save, . - tsdaemon_context_save

  .globl tsdaemon_context_resume
  .hidden tsdaemon_context_resume
  .type tsdaemon_context_resume, @function
tsdaemon_context_resume:
  mov 0(%rdi), %rbx
  mov 8(%rdi), %rbp
  mov 16(%rdi), %r12
  mov 24(%rdi), %r13
  mov 32(%rdi), %r14
  mov 40(%rdi), %r15
  mov 48(%rdi), %rsp
  mov $1, %eax
  jmp *56(%rdi)
  .size tsdaemon_context_resume, . - tsdaemon_context_resume

# clone(flags = rdi, stack = rsi, parent_tid = rdx, child_tid = r10, tls = r8)
  .globl tsdaemon_clone_into_context
  .hidden tsdaemon_clone_into_context
  .type tsdaemon_clone_into_context, @function
tsdaemon_clone_into_context:
  mov %rdx, %r10
  mov %rsi, %rdx
  mov %r8, %r9
  mov %rcx, %r8
  mov 48(%r9), %rsi
  mov $56, %eax
  syscall
  test %rax, %rax
  jz 1f
  ret
1:
  mov %r9, %rdi
  jmp tsdaemon_context_resume
  .size tsdaemon_clone_into_context, . - tsdaemon_clone_into_context

  .globl tsdaemon_clone_and_call
  .hidden tsdaemon_clone_and_call
  .type tsdaemon_clone_and_call, @function
tsdaemon_clone_and_call:
  sub $16, %rsi
  mov %rcx, 0(%rsi)
  mov %rdx, 8(%rsi)
  xor %edx, %edx
  xor %r10d, %r10d
  xor %r8d, %r8d
  mov $56, %eax
  syscall
  test %rax, %rax
  jz 1f
  ret
1:
  xor %ebp, %ebp
  pop %rdi
  pop %rax
  call *%rax
  hlt
  .size tsdaemon_clone_and_call, . - tsdaemon_clone_and_call

# Debuggers know a signal frame by these very bytes.
  .globl tsdaemon_signal_return
  .hidden tsdaemon_signal_return
  .type tsdaemon_signal_return, @function
tsdaemon_signal_return:
  mov $15, %rax
  syscall
  .size tsdaemon_signal_return, . - tsdaemon_signal_return
)");

}  // namespace tsdaemon::forkall::arch
