#pragma once

#include "arch.h"

// Written in assembly, once an architecture.
namespace tsdaemon::forkall::arch {

extern "C" {

/// Records the caller's flow of control and returns 0; returns 1 whenever it is taken up again,
/// as setjmp(3) does, but on whatever thread and in whatever process.
int tsdaemon_context_save(Context* context) __attribute__((returns_twice));

[[noreturn]] void tsdaemon_context_resume(const Context* context);

/// clone(2) of a child that takes up `context`, on the stack recorded there. Returns the child's
/// id, or a negated errno.
long tsdaemon_clone_into_context(unsigned long flags, int* parent_tid, int* child_tid,
                                 uintptr_t thread_pointer, const Context* context);

/// clone(2) of a child that calls `function(argument)` on its own stack; the function never
/// returns. Returns the child's id, or a negated errno.
long tsdaemon_clone_and_call(unsigned long flags, void* stack_top, void (*function)(void*),
                             void* argument);

/// rt_sigreturn(2), the return address of a signal handler (`sa_restorer`).
void tsdaemon_signal_return();
}

}  // namespace tsdaemon::forkall::arch
