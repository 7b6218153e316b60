#include "sanitizers.h"

#if defined(__SANITIZE_ADDRESS__)

#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>

#include "proc.h"

// Looking for leaks needs a tracer, and an end other than _exit.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace tsdaemon::test {

namespace {

void advise_shadow(int advice) {
  constexpr uintptr_t huge = uintptr_t{1} << 40;
  const std::string maps = read_file("/proc/self/maps");
  for (size_t line = 0; line < maps.size(); line = maps.find('\n', line) + 1) {
    uintptr_t start = 0;
    uintptr_t end = 0;
    char access[5] = "";
    if (sscanf(maps.c_str() + line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, access) == 3 &&
        end - start >= huge && access[1] == 'w')
      madvise(reinterpret_cast<void*>(start), end - start, advice);
  }
}

}  // namespace

void keep_shadow_out_of_forks() { advise_shadow(MADV_DONTFORK); }
void let_shadow_into_forks() { advise_shadow(MADV_DOFORK); }

}  // namespace tsdaemon::test

#endif
