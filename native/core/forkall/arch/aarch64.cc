#include "aarch64.h"

#include "context.h"

namespace tsdaemon::forkall::arch {

static_assert(sizeof(Context) == 168, "the offsets below are those of Context");

asm(R"(
  .text

  .globl tsdaemon_context_save
  .hidden tsdaemon_context_save
  .type tsdaemon_context_save, @function
tsdaemon_context_save:
  stp x19, x20, [x0, 0]
  stp x21, x22, [x0, 16]
  stp x23, x24, [x0, 32]
  stp x25, x26, [x0, 48]
  stp x27, x28, [x0, 64]
  stp x29, x30, [x0, 80]
  mov x1, sp
  str x1, [x0, 96]
  stp d8, d9, [x0, 104]
  stp d10, d11, [x0, 120]
  stp d12, d13, [x0, 136]
  stp d14, d15, [x0, 152]
  mov w0, 0
  ret
  .size tsdaemon_context_save, . - tsdaemon_context_save

  .globl tsdaemon_context_resume
  .hidden tsdaemon_context_resume
  .type tsdaemon_context_resume, @function
tsdaemon_context_resume:
  ldp x19, x20, [x0, 0]
  ldp x21, x22, [x0, 16]
  ldp x23, x24, [x0, 32]
  ldp x25, x26, [x0, 48]
  ldp x27, x28, [x0, 64]
  ldp x29, x30, [x0, 80]
  ldr x1, [x0, 96]
  mov sp, x1
  ldp d8, d9, [x0, 104]
  ldp d10, d11, [x0, 120]
  ldp d12, d13, [x0, 136]
  ldp d14, d15, [x0, 152]
  mov w0, 1
  ret
  .size tsdaemon_context_resume, . - tsdaemon_context_resume

// clone(flags = x0, stack = x1, parent_tid = x2, tls = x3, child_tid = x4); all but x0 is preserved,
// and the child's as well.
  .globl tsdaemon_clone_into_context
  .hidden tsdaemon_clone_into_context
  .type tsdaemon_clone_into_context, @function
tsdaemon_clone_into_context:
  mov x5, x4
  mov x4, x2
  mov x2, x1
  ldr x1, [x5, 96]
  mov x8, 220
  svc 0
  cbz x0, 1f
  ret
1:
  mov x0, x5
  b tsdaemon_context_resume
  .size tsdaemon_clone_into_context, . - tsdaemon_clone_into_context

  .globl tsdaemon_clone_and_call
  .hidden tsdaemon_clone_and_call
  .type tsdaemon_clone_and_call, @function
tsdaemon_clone_and_call:
  mov x5, x2
  mov x6, x3
  mov x2, 0
  mov x3, 0
  mov x4, 0
  mov x8, 220
  svc 0
  cbz x0, 1f
  ret
1:
  mov x29, 0
  mov x30, 0
  mov x0, x6
  blr x5
  brk 1
  .size tsdaemon_clone_and_call, . - tsdaemon_clone_and_call

// Debuggers know a signal frame by these very instructions.
  .globl tsdaemon_signal_return
  .hidden tsdaemon_signal_return
  .type tsdaemon_signal_return, @function
tsdaemon_signal_return:
  mov x8, 139
  svc 0
  .size tsdaemon_signal_return, . - tsdaemon_signal_return
)");

}  // namespace tsdaemon::forkall::arch
