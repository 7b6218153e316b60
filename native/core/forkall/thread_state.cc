#include "thread_state.h"

#include <sys/prctl.h>

#include <cstring>

namespace tsdaemon::forkall {

void ThreadState::record(const ThreadBlock& block) {
  thread_pointer = arch::thread_pointer();
  clear_on_exit = nullptr;
  knows_clear_on_exit = !raw::failed(raw::prctl(PR_GET_TID_ADDRESS, raw::pointer(&clear_on_exit)));
  raw::syscall(SYS_sigaltstack, 0, raw::pointer(&alternate_stack_));
  raw::prctl(PR_GET_NAME, raw::pointer(name_));
  robust_list_ = nullptr;
  raw::syscall(SYS_get_robust_list, 0, raw::pointer(&robust_list_),
               raw::pointer(&robust_list_size_));
  rseq_ = block.rseq_of(thread_pointer);
  raw::syscall(SYS_sched_getattr, 0, raw::pointer(&scheduling_), sizeof(scheduling_), 0);
  affinity_size_ = raw::syscall(SYS_sched_getaffinity, 0, affinity_bytes, raw::pointer(affinity_));
}

void ThreadState::restore() const {
  raw::prctl(PR_SET_NAME, raw::pointer(name_));
  if (robust_list_ != nullptr)
    raw::syscall(SYS_set_robust_list, raw::pointer(robust_list_),
                 static_cast<long>(robust_list_size_));
  if (rseq_.area == nullptr) return;
  auto* cpu = static_cast<volatile int*>(rseq_.area) + 1;
  constexpr int registration_failed = -2;  // what glibc takes for "ask getcpu(2)"
  if (raw::failed(
          raw::syscall(SYS_rseq, raw::pointer(rseq_.area), rseq_.size, 0, arch::rseq_signature)))
    *cpu = registration_failed;
}

void ThreadState::restore_alternate_stack() const {
  raw::syscall(SYS_sigaltstack, raw::pointer(&alternate_stack_), 0);
}

void ThreadState::restore_scheduling(const ThreadState& inherited) const {
  if (memcmp(&scheduling_, &inherited.scheduling_, sizeof(scheduling_)) != 0)
    raw::syscall(SYS_sched_setattr, 0, raw::pointer(&scheduling_), 0);
  const bool same_cpus = affinity_size_ == inherited.affinity_size_ &&
                         (affinity_size_ <= 0 || memcmp(affinity_, inherited.affinity_,
                                                        static_cast<size_t>(affinity_size_)) == 0);
  if (!same_cpus && affinity_size_ > 0)
    raw::syscall(SYS_sched_setaffinity, 0, affinity_size_, raw::pointer(affinity_));
}

}  // namespace tsdaemon::forkall
