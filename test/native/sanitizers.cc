#include "sanitizers.h"

#if defined(__SANITIZE_ADDRESS__)

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "core/forkall/syscalls.h"
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

__attribute__((no_sanitize("address"))) void end(void*) { forkall::raw::exit_group(0); }

// Read before a case can have reached its limit of descriptors.
const long highest_id = strtol(read_file("/proc/sys/kernel/pid_max").c_str(), nullptr, 10);

}  // namespace

__attribute__((no_sanitize("address"))) void skip_ids_like_addresses() {
  // Addresses of the shadow and of the sanitizer's heap, divided by 4 GB; and as many ids as are
  // given to others meanwhile.
  constexpr long behind_shadow = 0x1000, heap = 0x6000, behind_heap = 0x6400, spare = 1000;
  alignas(16) static char stack[4096];
  const auto is_of_no_use = [](long id) {
    return id < behind_shadow || (id > heap - spare && id < behind_heap) || id > highest_id - spare;
  };
  for (long id = 0; is_of_no_use(id);) {
    // A copy of the process takes 25 ms on a busy machine.
    id = forkall::arch::tsdaemon_clone_and_call(CLONE_VM | CLONE_VFORK, stack + sizeof(stack), end,
                                                nullptr);
    if (forkall::raw::failed(id)) return;
    forkall::raw::syscall(SYS_wait4, id, 0, __WALL, 0);
  }
}

void keep_shadow_out_of_forks() { advise_shadow(MADV_DONTFORK); }
void let_shadow_into_forks() { advise_shadow(MADV_DOFORK); }

}  // namespace tsdaemon::test

#endif
