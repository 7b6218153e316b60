#include "thread_block.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/auxv.h>

#include <algorithm>

#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

// How far to look: less than a thread block's size, so that no byte behind it is read.
#if defined(__GLIBC__)
constexpr size_t searched_size = 2048;
#else
constexpr size_t searched_size = 192;
#endif

int word_at(uintptr_t address) { return *reinterpret_cast<const volatile int*>(address); }

}  // namespace

bool ThreadBlock::find() {
  const auto block = reinterpret_cast<uintptr_t>(pthread_self());
  block_ = static_cast<ptrdiff_t>(block - arch::thread_pointer());
  count_ = 0;
  const int id = raw::gettid();
  // Where thread-local storage lies behind the thread pointer, the block ends at it.
  const size_t size =
      block_ < 0 ? std::min(searched_size, static_cast<size_t>(-block_)) : searched_size;
  for (size_t offset = 0; offset < size && count_ < max_candidates; offset += sizeof(int))
    if (word_at(block + offset) == id) candidates_[count_++] = offset;
  find_rseq();
  return count_ > 0;
}

bool ThreadBlock::agrees(uintptr_t thread_pointer, int thread_id) {
  const uintptr_t block = thread_pointer + static_cast<uintptr_t>(block_);
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i)
    if (word_at(block + candidates_[i]) == thread_id) candidates_[kept++] = candidates_[i];
  count_ = kept;
  return count_ > 0;
}

bool ThreadBlock::is_cleared(uintptr_t thread_pointer, int thread_id) const {
  const uintptr_t block = thread_pointer + static_cast<uintptr_t>(block_);
  bool cleared = false, present = false;
  for (size_t i = 0; i < count_; ++i) {
    cleared = cleared || word_at(block + candidates_[i]) == 0;
    present = present || word_at(block + candidates_[i]) == thread_id;
  }
  return cleared && !present;
}

int* ThreadBlock::id_of(uintptr_t thread_pointer) const {
  if (count_ != 1) return nullptr;
  return reinterpret_cast<int*>(thread_pointer + static_cast<uintptr_t>(block_) + candidates_[0]);
}

// glibc registers an area for every thread since 2.35 and tells where. How large it is for the
// kernel follows from the auxiliary vector, by the rule of rseq(2): the features, rounded up to
// their alignment, and never less than the 32 bytes of the first version.
void ThreadBlock::find_rseq() {
  const auto* offset = static_cast<const ptrdiff_t*>(dlsym(RTLD_DEFAULT, "__rseq_offset"));
  const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  if (offset == nullptr || size == nullptr || *size == 0) return;
  constexpr unsigned long at_rseq_feature_size = 27;
  constexpr unsigned long at_rseq_align = 28;
  constexpr unsigned long first_version = 32;
  const unsigned long features = getauxval(at_rseq_feature_size);
  const unsigned long align = std::max(getauxval(at_rseq_align), first_version);
  rseq_ = *offset;
  rseq_size_ =
      static_cast<uint32_t>(std::max((features + align - 1) / align * align, first_version));
}

ThreadBlock::Rseq ThreadBlock::rseq_of(uintptr_t thread_pointer) const {
  if (rseq_size_ == 0) return {nullptr, 0};
  const uintptr_t area = thread_pointer + static_cast<uintptr_t>(rseq_);
  // The second word is the number of the CPU, negative in a thread that has not registered.
  if (word_at(area + sizeof(int)) < 0) return {nullptr, 0};
  return {reinterpret_cast<void*>(area), rseq_size_};
}

}  // namespace tsdaemon::forkall
