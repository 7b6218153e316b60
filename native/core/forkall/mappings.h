#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "workspace.h"

namespace tsdaemon::forkall {

struct Range {
  uintptr_t start, end;
  bool swapped;  // has pages in the swap
};

/// The mappings of the process that matter to a fork, read after the freeze: threads map new heap
/// pages until they are parked.
class Mappings {
 public:
  Mappings() = default;
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;
  ~Mappings();

  /// Before the freeze. Returns 0 or an errno.
  int prepare();

  /// Returns 0 or an errno.
  int read();

  /// V8 keeps its heap out of a fork (MADV_DONTFORK): without this the daemon dies at the first
  /// touch of an object.
  int make_forkable();

  /// Or each later child_process.spawn would copy the page tables of the heap.
  void make_unforkable();

  /// Calls `visit(start, end)` for each run of written pages where a lock may lie: private,
  /// readable and writable memory outside V8's heap. Returns 0 or an errno.
  template <typename Visit>
  int each_written(Visit visit) const {
    for (size_t i = 0; i < searched_count_; ++i) {
      const int error = each_written_in(searched_[i], visit);
      if (error != 0) return error;
    }
    return 0;
  }

  bool holds(uintptr_t address) const { return workspace_.holds(address); }

 private:
  template <typename Visit>
  int each_written_in(const Range& range, Visit visit) const {
    if (!residence_is_known(range)) {
      visit(range.start, range.end);
      return 0;
    }
    uintptr_t run = 0;
    for (uintptr_t page = range.start; page < range.end;) {
      const long pages = read_page_map(page, range.end);
      if (pages <= 0) return pages == 0 ? EIO : static_cast<int>(-pages);
      for (long i = 0; i < pages; ++i, page += page_size_) {
        const bool written = is_written(i);
        if (written && run == 0) run = page;
        if (written || run == 0) continue;
        visit(run, page);
        run = 0;
      }
    }
    if (run != 0) visit(run, range.end);
    return 0;
  }

  bool residence_is_known(const Range& range) const;
  bool is_written(long i) const;
  long read_page_map(uintptr_t page, uintptr_t end) const;

  struct Area;
  void keep(const Area& area);

  Workspace workspace_;
  uintptr_t page_size_ = 4096;
  char* text_ = nullptr;
  uint64_t* page_map_ = nullptr;        // by pagemap_
  unsigned char* residence_ = nullptr;  // by mincore(2), where there is no pagemap_
  Range* unforkable_ = nullptr;
  size_t unforkable_count_ = 0;
  Range* searched_ = nullptr;
  size_t searched_count_ = 0;
  size_t capacity_ = 0;
  int smaps_ = -1;
  int pagemap_ = -1;
};

}  // namespace tsdaemon::forkall
