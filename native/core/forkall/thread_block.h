#pragma once

#include <cstddef>
#include <cstdint>

namespace tsdaemon::forkall {

/// The signal by which the C library makes every thread change its credentials: no
/// `pthread_sigmask` can block it, so that it reaches even a thread that blocks all signals, as
/// Node's SignalInspector does.
#if defined(__GLIBC__)
inline constexpr int parking_signal = 33;  // SIGSETXID
#else
inline constexpr int parking_signal = 34;  // musl's SIGSYNCCALL
#endif

/// Where the C library keeps what a thread knows of itself: its thread block, which is what
/// `pthread_self` points to. Found at run time, and verified with every thread of the process.
class ThreadBlock {
 public:
  /// Looks for the calling thread's id in its own block. False: no such word.
  bool find();

  /// Keeps the words that hold the id of this thread as well. False: none is left.
  bool agrees(uintptr_t thread_pointer, int thread_id);

  /// True if this thread's id was there, and the C library has taken it away, as musl does when the
  /// thread ends.
  bool is_cleared(uintptr_t thread_pointer, int thread_id) const;

  /// The one place that holds every thread's id, or null while there is more than one candidate.
  int* id_of(uintptr_t thread_pointer) const;

  /// The restartable-sequence area of a thread, null where it has registered none.
  struct Rseq {
    void* area;
    uint32_t size;
  };
  Rseq rseq_of(uintptr_t thread_pointer) const;

 private:
  static constexpr size_t max_candidates = 8;

  void find_rseq();

  ptrdiff_t block_ = 0;  // from the thread pointer
  size_t candidates_[max_candidates] = {};
  size_t count_ = 0;
  ptrdiff_t rseq_ = 0;  // from the thread pointer
  uint32_t rseq_size_ = 0;
};

}  // namespace tsdaemon::forkall
