#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "area.h"
#include "probe.h"
#include "workspace.h"

namespace tsdaemon::forkall {

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
  ///
  /// What V8 keeps out of a fork is told by proc_pid_smaps(5), which looks at every page there is:
  /// 30 ms for 1 GB. Where most of the memory is V8's heap, a child that a plain fork makes is
  /// looked at instead: what we have mapped and it has not is what V8 has kept out.
  int read();

  /// V8 keeps its heap out of a fork (MADV_DONTFORK): without this the daemon dies at the first
  /// touch of an object.
  int make_forkable();

  /// Or each later child_process.spawn would copy the page tables of the heap.
  void make_unforkable();

  /// Gives V8's heap back to the kernel: for a launcher whose daemon is complete, and which never
  /// runs JavaScript again. Until then the daemon's first write to each page of it is a copy.
  void discard_heap();

  /// Whether memory may be read in place. What is not resident may be no memory at all: a guard
  /// page (MADV_GUARD_INSTALL, which glibc puts below every stack since 2.42) looks as if it were
  /// swapped out, and reading it is a SIGSEGV.
  enum class Access { in_place, by_copy };

  /// Calls `visit(start, end, access)` for each run of written pages where a lock may lie: private,
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
  enum class Page { untouched, resident, elsewhere };

  template <typename Visit>
  int each_written_in(const Range& range, Visit visit) const {
    if (!pages_are_known(range)) return visit(range.start, range.end, Access::by_copy);
    uintptr_t run = range.start;
    Page kind = Page::untouched;
    for (uintptr_t page = range.start; page < range.end;) {
      const long pages = read_page_map(page, range.end);
      if (pages <= 0) return pages == 0 ? EIO : static_cast<int>(-pages);
      for (long i = 0; i < pages; ++i, page += page_size_) {
        const Page next = kind_of(page_map_[i]);
        if (next == kind) continue;
        const int error = visit_run(run, page, kind, visit);
        if (error != 0) return error;
        run = page;
        kind = next;
      }
    }
    return visit_run(run, range.end, kind, visit);
  }

  template <typename Visit>
  static int visit_run(uintptr_t start, uintptr_t end, Page kind, Visit visit) {
    if (kind == Page::untouched || start == end) return 0;
    return visit(start, end, kind == Page::resident ? Access::in_place : Access::by_copy);
  }

  bool pages_are_known(const Range& range) const;
  static Page kind_of(uint64_t entry);
  long read_page_map(uintptr_t page, uintptr_t end) const;
  long read_residence(uintptr_t page, size_t pages) const;

  int read_mapped(bool* small_prevail);
  int read_all();
  int read_beside_probe();
  int keep_searched(const Area& area);
  int keep_unforkable(const Range& range);
  uint64_t anonymous_size() const;

  Workspace workspace_;
  uintptr_t page_size_ = 4096;
  char* text_ = nullptr;
  uint64_t* page_map_ = nullptr;
  unsigned char* residence_ = nullptr;  // of mincore(2)
  Range* mapped_ = nullptr;
  size_t mapped_count_ = 0;
  Range* unforkable_ = nullptr;
  size_t unforkable_count_ = 0;
  Range* searched_ = nullptr;
  size_t searched_count_ = 0;
  size_t capacity_ = 0;
  Probe probe_;
  int maps_ = -1;
  int smaps_ = -1;
  int statm_ = -1;
  int pagemap_ = -1;  // negative: it may not be read
};

}  // namespace tsdaemon::forkall
