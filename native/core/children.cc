#include "children.h"

#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "files.h"
#include "forkall/syscalls.h"

namespace tsdaemon {

bool has_children() {
  namespace raw = forkall::raw;
  siginfo_t info{};
  return raw::syscall(SYS_waitid, P_ALL, 0, raw::pointer(&info),
                      WEXITED | WNOHANG | WNOWAIT | __WALL, 0) == 0;
}

// proc_tid_children(5): each thread has the children that it made itself.
std::vector<int> find_children() {
  if (!has_children()) return {};
  std::vector<int> children;
  // There is one, whether it can be named or not.
  std::vector<int> threads;
  list_threads(&threads);
  for (const int thread : threads) {
    std::string list;
    read_file("/proc/self/task/" + std::to_string(thread) + "/children", &list);
    char* end = nullptr;
    for (const char* at = list.c_str(); const long pid = strtol(at, &end, 10); at = end)
      children.push_back(static_cast<int>(pid));
  }
  if (children.empty()) children.push_back(0);
  return children;
}

}  // namespace tsdaemon
