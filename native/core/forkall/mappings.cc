#include "mappings.h"

#include <sys/mman.h>

#include <cstring>

#include "numbers.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

constexpr size_t page_map_entries = 8 * 1024;

constexpr uint64_t page_resident = uint64_t{1} << 63;
constexpr uint64_t page_elsewhere = uint64_t{1} << 62;  // in the swap, or a mark of the kernel's
constexpr uint64_t page_of_file_or_shared = uint64_t{1} << 61;

// A process has 65,530 mappings at most, unless vm.max_map_count was raised.
constexpr size_t range_capacity = 1024 * 1024;

// V8's heap is made of pages of 256 kB, each at a multiple of that and a mapping of its own; what
// malloc(3) takes from the kernel melts together.
constexpr uint64_t v8_page = 256 * 1024;
constexpr uint64_t small = 2 * v8_page;

// Below, to look at every page costs less than to make a child.
constexpr uint64_t worth_a_probe = 96 * 1024 * 1024;

}  // namespace

Mappings::~Mappings() {
  const int files[] = {maps_, smaps_, statm_, pagemap_};
  for (const int file : files)
    if (file >= 0) raw::close(file);
}

int Mappings::prepare() {
  page_size_ = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto open = [](const char* path) {
    return static_cast<int>(raw::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
  };
  maps_ = open("/proc/self/maps");
  if (maps_ < 0) return -maps_;
  smaps_ = open("/proc/self/smaps");
  if (smaps_ < 0) return -smaps_;
  statm_ = open("/proc/self/statm");
  if (statm_ < 0) return -statm_;
  pagemap_ = open("/proc/self/pagemap");
  // A process that has given up its rights may not read its own pagemap: it belongs to root.
  if (pagemap_ < 0 && pagemap_ != -EACCES && pagemap_ != -EPERM) return -pagemap_;

  capacity_ = range_capacity;
  const int error = workspace_.map(Workspace::size_of<char>(area_text_size) +
                                   Workspace::size_of<uint64_t>(page_map_entries) +
                                   Workspace::size_of<unsigned char>(page_map_entries) +
                                   3 * Workspace::size_of<Range>(capacity_));
  if (error != 0) return error;
  text_ = workspace_.cut<char>(area_text_size);
  page_map_ = workspace_.cut<uint64_t>(page_map_entries);
  residence_ = workspace_.cut<unsigned char>(page_map_entries);
  mapped_ = workspace_.cut<Range>(capacity_);
  unforkable_ = workspace_.cut<Range>(capacity_);
  searched_ = workspace_.cut<Range>(capacity_);
  return 0;
}

int Mappings::read() {
  bool small_prevail = false;
  const int error = read_mapped(&small_prevail);
  if (error != 0) return error;
  if (small_prevail && read_beside_probe() == 0) return 0;
  return read_all();
}

int Mappings::read_mapped(bool* small_prevail) {
  uint64_t small_size = 0;
  mapped_count_ = 0;
  const int error = each_area(maps_, true, text_, [&](const Area& area) {
    const uint64_t size = area.range.end - area.range.start;
    if (area.anonymous && area.readable_writable_private && size < small) small_size += size;
    if (mapped_count_ == capacity_) return E2BIG;
    mapped_[mapped_count_++] = area.range;
    return 0;
  });
  *small_prevail = small_size >= worth_a_probe && small_size >= anonymous_size() / 2;
  return error;
}

// proc_pid_statm(5): the size, what of it is resident, and what of that is of files or shared.
uint64_t Mappings::anonymous_size() const {
  char text[128];
  const long length = raw::pread(statm_, text, sizeof(text) - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char* resident = strchr(text, ' ');
  const char* of_files = resident == nullptr ? nullptr : strchr(resident + 1, ' ');
  if (of_files == nullptr) return 0;
  return uint64_t{read_decimal(resident + 1) - read_decimal(of_files + 1)} * page_size_;
}

int Mappings::read_all() {
  unforkable_count_ = searched_count_ = 0;
  const int error = each_area(smaps_, false, text_, [this](const Area& area) {
    return area.unforkable ? keep_unforkable(area.range) : keep_searched(area);
  });
  if (error != 0) return error;
  // Without VmFlags nothing was kept: a kernel that does not tell cannot be served.
  return searched_count_ > 0 ? 0 : ENOTSUP;
}

// Both lists ascend. The child's own stack may have grown, so that ranges are compared by whether
// they overlap.
int Mappings::read_beside_probe() {
  unforkable_count_ = searched_count_ = 0;
  const int smaps = probe_.open_smaps();
  if (smaps < 0) return -smaps;
  size_t next = 0;
  int error = each_area(smaps, false, text_, [&](const Area& area) {
    for (; next < mapped_count_ && mapped_[next].start < area.range.end; ++next) {
      if (mapped_[next].end > area.range.start) continue;
      if (const int failed = keep_unforkable(mapped_[next])) return failed;
    }
    return keep_searched(area);
  });
  // One that has ended on the way has shown a part of itself.
  if (error == 0 && (!probe_.stands() || searched_count_ == 0)) error = ECHILD;
  probe_.end();
  while (error == 0 && next < mapped_count_) error = keep_unforkable(mapped_[next++]);
  return error;
}

int Mappings::keep_unforkable(const Range& range) {
  if (unforkable_count_ == capacity_) return E2BIG;
  unforkable_[unforkable_count_++] = range;
  return 0;
}

int Mappings::keep_searched(const Area& area) {
  if (!area.readable_writable_private || !area.written || area.has_key) return 0;
  if (searched_count_ == capacity_) return E2BIG;
  searched_[searched_count_++] = area.range;
  return 0;
}

int Mappings::make_forkable() {
  for (size_t i = 0; i < unforkable_count_; ++i) {
    const long result = raw::madvise(unforkable_[i].start, unforkable_[i].end, MADV_DOFORK);
    // EINVAL: device memory, which no fork can carry.
    if (raw::failed(result) && result != -EINVAL) return static_cast<int>(-result);
  }
  return 0;
}

void Mappings::make_unforkable() {
  for (size_t i = 0; i < unforkable_count_; ++i)
    raw::madvise(unforkable_[i].start, unforkable_[i].end, MADV_DONTFORK);
}

// Others mark memory of theirs so, within that of malloc(3) as well, which a launcher still reads:
// what does not begin where a page of V8 begins, or go on from there, is left alone.
void Mappings::discard_heap() {
  uintptr_t end_of_v8 = 0;
  for (size_t i = 0; i < unforkable_count_; ++i) {
    const Range& range = unforkable_[i];
    if (range.start % v8_page != 0 && range.start != end_of_v8) continue;
    end_of_v8 = range.end;
    raw::madvise(range.start, range.end, MADV_DONTNEED);
  }
}

// mincore(2) knows nothing of the swap.
bool Mappings::pages_are_known(const Range& range) const { return pagemap_ >= 0 || !range.swapped; }

// proc_pid_pagemap(5)
Mappings::Page Mappings::kind_of(uint64_t entry) {
  if ((entry & page_of_file_or_shared) != 0) return Page::untouched;
  if ((entry & page_resident) != 0) return Page::resident;
  return (entry & page_elsewhere) != 0 ? Page::elsewhere : Page::untouched;
}

long Mappings::read_page_map(uintptr_t page, uintptr_t end) const {
  size_t pages = (end - page) / page_size_;
  if (pages > page_map_entries) pages = page_map_entries;
  if (pagemap_ < 0) return read_residence(page, pages);
  const long length = raw::pread(pagemap_, page_map_, pages * sizeof(uint64_t),
                                 page / page_size_ * sizeof(uint64_t));
  return length < 0 ? length : length / static_cast<long>(sizeof(uint64_t));
}

// A guard page counts as resident for mincore(2): what it tells of is read by copy.
long Mappings::read_residence(uintptr_t page, size_t pages) const {
  const long result = raw::syscall(SYS_mincore, static_cast<long>(page),
                                   static_cast<long>(pages * page_size_), raw::pointer(residence_));
  if (result < 0) return result;
  for (size_t i = 0; i < pages; ++i) page_map_[i] = (residence_[i] & 1) != 0 ? page_elsewhere : 0;
  return static_cast<long>(pages);
}

}  // namespace tsdaemon::forkall
