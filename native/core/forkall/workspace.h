#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace tsdaemon::forkall {

/// One mapping made before the freeze, from which everything that is needed between freeze and thaw
/// is cut. Nothing is resident until it is touched.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { unmap(); }

  int map(size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return errno;
    start_ = reinterpret_cast<uintptr_t>(memory);
    next_ = start_;
    end_ = start_ + size;
    return 0;
  }

  void unmap() {
    if (start_ != 0) munmap(reinterpret_cast<void*>(start_), end_ - start_);
    start_ = next_ = end_ = 0;
  }

  template <typename T>
  static constexpr size_t size_of(size_t count) {
    return (count * sizeof(T) + alignment - 1) / alignment * alignment;
  }

  /// `count` zeroed objects; the caller has counted them into `map`.
  template <typename T>
  T* cut(size_t count) {
    T* objects = reinterpret_cast<T*>(next_);
    next_ += size_of<T>(count);
    return objects;
  }

  /// Forgets the mapping, for the life of the process.
  void leave() { start_ = next_ = end_ = 0; }

  bool holds(uintptr_t address) const { return address >= start_ && address < end_; }

 private:
  static constexpr size_t alignment = 64;

  uintptr_t start_ = 0;
  uintptr_t next_ = 0;
  uintptr_t end_ = 0;
};

}  // namespace tsdaemon::forkall
