#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "syscalls.h"
#include "thread_block.h"

namespace tsdaemon::forkall {

/// What the kernel keeps for one thread and drops at clone(2). `record` is called by the thread
/// itself; so is `restore`, in the daemon.
class ThreadState {
 public:
  void record(const ThreadBlock& block);
  void restore() const;

  /// Scheduling is inherited from the thread that clones: it is set only where it differs.
  void restore_scheduling(const ThreadState& inherited) const;

  /// For main alone: rt_sigreturn(2) gives the others theirs.
  void restore_alternate_stack() const;

  uintptr_t thread_pointer = 0;
  int* clear_on_exit = nullptr;

  /// False where a filter of the thread's own keeps it from being asked: whoever joins the thread
  /// would never see it end.
  bool knows_clear_on_exit = false;

 private:
  struct Scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  };
  static constexpr size_t affinity_bytes = 128;

  stack_t alternate_stack_;
  char name_[16];
  void* robust_list_;
  size_t robust_list_size_;
  ThreadBlock::Rseq rseq_;
  Scheduling scheduling_;
  long affinity_size_;
  unsigned char affinity_[affinity_bytes];
};

}  // namespace tsdaemon::forkall
