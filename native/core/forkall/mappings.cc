#include "mappings.h"

#include <sys/mman.h>

#include <cstring>

#include "numbers.h"
#include "syscalls.h"

namespace tsdaemon::forkall {

namespace {

constexpr size_t text_size = 256 * 1024;
constexpr size_t page_map_entries = 8 * 1024;

constexpr uint64_t page_resident = uint64_t{1} << 63;
constexpr uint64_t page_elsewhere = uint64_t{1} << 62;  // in the swap, or a mark of the kernel's
constexpr uint64_t page_of_file_or_shared = uint64_t{1} << 61;

// A process has 65,530 mappings at most, unless vm.max_map_count was raised.
constexpr size_t range_capacity = 1024 * 1024;

bool starts_with(const char* line, const char* prefix) {
  return strncmp(line, prefix, strlen(prefix)) == 0;
}

// "Anonymous:            12 kB"
bool is_positive(const char* line) {
  const char* digit = strpbrk(line, "123456789");
  return digit != nullptr;
}

bool has_flag(const char* flags, const char* flag) {
  for (const char* at = flags; (at = strchr(at, ' ')) != nullptr && at[1] != '\0'; ++at)
    if (at[1] == flag[0] && at[2] == flag[1]) return true;
  return false;
}

}  // namespace

/// One entry of proc_pid_smaps(5), as it is read line by line.
struct Mappings::Area {
  Range range;
  bool readable_writable_private;
  bool written;   // has pages that are not a file's
  bool has_key;   // memory protection key: reading it may fault
  bool complete;  // its last line was read
  bool unforkable;

  void take_line(const char* line) {
    if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f')) {
      *this = Area{};
      range.start = read_hexadecimal(&line);
      ++line;
      range.end = read_hexadecimal(&line);
      readable_writable_private = starts_with(line, " rw") && line[4] == 'p';
    } else if (starts_with(line, "Anonymous:")) {
      written = written || is_positive(line);
    } else if (starts_with(line, "Swap:")) {
      range.swapped = is_positive(line);
      written = written || range.swapped;
    } else if (starts_with(line, "ProtectionKey:")) {
      has_key = is_positive(line);
    } else if (starts_with(line, "VmFlags:")) {
      unforkable = has_flag(line, "dc");
      complete = true;
    }
  }
};

Mappings::~Mappings() {
  if (smaps_ >= 0) raw::close(smaps_);
  if (pagemap_ >= 0) raw::close(pagemap_);
}

int Mappings::prepare() {
  page_size_ = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  smaps_ = static_cast<int>(raw::openat(AT_FDCWD, "/proc/self/smaps", O_RDONLY | O_CLOEXEC));
  if (smaps_ < 0) return -smaps_;
  pagemap_ = static_cast<int>(raw::openat(AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  // A process that has given up its rights may not read its own pagemap: it belongs to root.
  if (pagemap_ < 0 && pagemap_ != -EACCES && pagemap_ != -EPERM) return -pagemap_;

  capacity_ = range_capacity;
  const int error = workspace_.map(Workspace::size_of<char>(text_size) +
                                   Workspace::size_of<uint64_t>(page_map_entries) +
                                   Workspace::size_of<unsigned char>(page_map_entries) +
                                   2 * Workspace::size_of<Range>(capacity_));
  if (error != 0) return error;
  text_ = workspace_.cut<char>(text_size);
  page_map_ = workspace_.cut<uint64_t>(page_map_entries);
  residence_ = workspace_.cut<unsigned char>(page_map_entries);
  unforkable_ = workspace_.cut<Range>(capacity_);
  searched_ = workspace_.cut<Range>(capacity_);
  return 0;
}

int Mappings::read() {
  Area area{};
  unforkable_count_ = searched_count_ = 0;
  size_t held = 0;
  for (;;) {
    const long length = raw::read(smaps_, text_ + held, text_size - held);
    if (length < 0) return static_cast<int>(-length);
    if (length == 0) break;
    held += static_cast<size_t>(length);

    char* line = text_;
    for (char* end;
         (end = static_cast<char*>(memchr(line, '\n', held - static_cast<size_t>(line - text_)))) !=
         nullptr;
         line = end + 1) {
      *end = '\0';
      area.take_line(line);
      if (!area.complete) continue;
      if (unforkable_count_ == capacity_ || searched_count_ == capacity_) return E2BIG;
      keep(area);
      area.complete = false;
    }
    held -= static_cast<size_t>(line - text_);
    memmove(text_, line, held);
    if (held == text_size) return EOVERFLOW;
  }
  // Without VmFlags nothing was kept: a kernel that does not tell cannot be served.
  return searched_count_ > 0 ? 0 : ENOTSUP;
}

void Mappings::keep(const Area& area) {
  if (area.unforkable)
    unforkable_[unforkable_count_++] = area.range;
  else if (area.readable_writable_private && area.written && !area.has_key)
    searched_[searched_count_++] = area.range;
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
