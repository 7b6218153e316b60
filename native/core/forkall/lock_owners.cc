#include "lock_owners.h"

#include <pthread.h>
#include <sys/uio.h>

#include <cerrno>

#include "lock_layout.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

// More than any program holds at one instant, two words a lock.
constexpr size_t word_capacity = 64 * 1024;
constexpr size_t id_capacity = 64 * 1024;
constexpr size_t copy_size = 1024 * 1024;

constexpr uintptr_t block_size = 512;

template <typename T>
const T* at(uintptr_t address) {
  return reinterpret_cast<const T*>(address);
}

// The memory is not ours, so that a sanitizer has no say in it.
template <typename Layout>
__attribute__((no_sanitize("address"))) Layout copy_of(uintptr_t address) {
  Layout copy;
  for (size_t i = 0; i < sizeof(copy); i += sizeof(uint32_t))
    *reinterpret_cast<uint32_t*>(reinterpret_cast<uintptr_t>(&copy) + i) =
        *at<uint32_t>(address + i);
  return copy;
}

bool recursive_mutex_is_known(uint32_t id) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutex_lock(&mutex);
  const auto* layout = reinterpret_cast<const MutexLayout*>(&mutex);
  const bool known = layout->is_held_by_id() && layout->holder() == id &&
                     layout->is_in_list(reinterpret_cast<uintptr_t>(&mutex));
  pthread_mutex_unlock(&mutex);
  const bool released = !layout->is_held_by_id();
  pthread_mutex_destroy(&mutex);
  pthread_mutexattr_destroy(&attributes);
  return known && released;
}

bool other_lock_is_known(uint32_t id) {
  return try_other_lock([&](const void* lock) {
    const auto* layout = static_cast<const OtherLockLayout*>(lock);
    return layout->is_held_by_id() && layout->holder() == id;
  });
}

}  // namespace

bool lock_layout_is_known() {
  const auto id = static_cast<uint32_t>(raw::gettid());
  return recursive_mutex_is_known(id) && other_lock_is_known(id);
}

int LockOwners::prepare() {
  capacity_ = word_capacity;
  id_capacity_ = id_capacity;
  page_size_ = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const int error = workspace_.map(Workspace::size_of<char>(copy_size) +
                                   Workspace::size_of<uint32_t*>(capacity_) +
                                   Workspace::size_of<uint32_t>(id_capacity_));
  if (error != 0) return error;
  copy_ = workspace_.cut<char>(copy_size);
  words_ = workspace_.cut<uint32_t*>(capacity_);
  ids_ = workspace_.cut<uint32_t>(id_capacity_);
  return 0;
}

// A block is passed over when no word in it lies among the ids: one pass that the compiler
// vectorises.
template <typename Passed>
__attribute__((no_sanitize("address"))) void LockOwners::search(const View& view,
                                                                Passed is_passed) {
  for (size_t block = 0; block < view.size; block += block_size) {
    if (is_passed(view.address + block)) continue;
    const auto* words = at<uint32_t>(view.bytes + block);
    uint32_t near = 0;
    for (size_t i = 0; i < block_size / sizeof(uint32_t); ++i)
      near |= static_cast<uint32_t>((words[i] & id_mask) - lowest_ <= span_);
    if (near == 0) continue;
    for (size_t i = 0; i < block_size / sizeof(uint32_t); i += id_stride / sizeof(uint32_t))
      if ((words[i] & id_mask) - lowest_ <= span_ && is_thread(words[i] & id_mask))
        take(view, block + i * sizeof(uint32_t));
  }
}

// What cannot be read is passed over page by page.
template <typename Passed>
int LockOwners::search_copy(uintptr_t start, uintptr_t end, Passed is_passed) {
  while (start < end) {
    const uintptr_t wanted = end - start < copy_size ? end - start : copy_size;
    const iovec local{copy_, wanted}, remote{reinterpret_cast<void*>(start), wanted};
    const long length = raw::syscall(SYS_process_vm_readv, raw::getpid(), raw::pointer(&local), 1,
                                     raw::pointer(&remote), 1, 0);
    if (raw::failed(length) && length != -EFAULT) return static_cast<int>(-length);
    const uintptr_t read =
        length > 0 ? static_cast<uintptr_t>(length) / page_size_ * page_size_ : 0;
    search({reinterpret_cast<uintptr_t>(copy_), start, read}, is_passed);
    if (read == 0)
      start += page_size_;
    else if (read < copy_size || start + read == end)
      start += read;
    else
      // A lock may lie across the end of the copy.
      start += read - page_size_;
  }
  return 0;
}

int LockOwners::find(const Mappings& mappings, const Threads& threads) {
  count_ = id_count_ = 0;
  lowest_ = UINT32_MAX;
  uint32_t highest = 0;
  bool fits = true;
  threads.each([&](const Thread& thread) {
    const auto id = static_cast<uint32_t>(thread.id);
    if (id < lowest_) lowest_ = id;
    if (id > highest) highest = id;
    fits = fits && id_count_ < id_capacity_;
    if (fits) ids_[id_count_++] = id;
  });
  if (!fits) return E2BIG;
  span_ = highest - lowest_;

  // The tables of the fork itself are full of ids.
  const auto is_ours = [&](uintptr_t address) {
    return workspace_.holds(address) || threads.holds(address) || mappings.holds(address);
  };
  const int error =
      mappings.each_written([&](uintptr_t start, uintptr_t end, Mappings::Access access) {
        if (access == Mappings::Access::by_copy) return search_copy(start, end, is_ours);
        search({start, start, end - start}, is_ours);
        return 0;
      });
  if (error != 0) return error;
  return count_ < capacity_ ? 0 : E2BIG;
}

// The word at `offset` is the id of a thread: is it the holder's, in a lock within these bytes?
void LockOwners::take(const View& view, size_t offset) {
  const auto lies_within = [&](size_t before, size_t size) {
    return offset >= before && offset - before + size <= view.size;
  };
  const uintptr_t word = view.bytes + offset, address = view.address + offset;
  if (lies_within(MutexLayout::id_offset, sizeof(MutexLayout))) {
    const auto mutex = copy_of<MutexLayout>(word - MutexLayout::id_offset);
    const bool held = mutex.is_held_by_id() && mutex.is_in_list(address - MutexLayout::id_offset);
    if (held) keep(address);
    if (held && mutex.lock_word_holds_id()) keep(address - MutexLayout::id_offset);
  }
  if (lies_within(OtherLockLayout::id_offset, sizeof(OtherLockLayout)) &&
      copy_of<OtherLockLayout>(word - OtherLockLayout::id_offset).is_held_by_id())
    keep(address);
}

// Pages that overlap are searched twice.
void LockOwners::keep(uintptr_t address) {
  auto* word = reinterpret_cast<uint32_t*>(address);
  for (size_t i = 0; i < count_; ++i)
    if (words_[i] == word) return;
  if (count_ < capacity_) words_[count_++] = word;
}

bool LockOwners::is_thread(uint32_t id) const {
  for (size_t i = 0; i < id_count_; ++i)
    if (ids_[i] == id) return true;
  return false;
}

__attribute__((no_sanitize("address"))) void LockOwners::mend(const Threads& threads) {
  for (size_t i = 0; i < count_; ++i) {
    const uint32_t old_id = *words_[i] & futex_tid_mask;
    uint32_t new_id = old_id;
    threads.each([&](const Thread& thread) {
      if (static_cast<uint32_t>(thread.id) == old_id)
        new_id = static_cast<uint32_t>(thread.revived_id);
    });
    // The bits above the id say that others wait.
    *words_[i] = (*words_[i] & ~futex_tid_mask) | new_id;
  }
}

}  // namespace tsdaemon::forkall
