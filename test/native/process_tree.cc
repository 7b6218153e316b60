#include "process_tree.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "proc.h"

namespace tsdaemon::test {

namespace {

std::string first_line_of(const std::string& path) {
  const std::string text = read_file(path);
  return text.substr(0, text.find('\n'));
}

std::string indented(const std::string& text) {
  std::string lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines += "      " + text.substr(at, end - at) + '\n';
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::vector<pid_t> descendants(pid_t ancestor) {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for (const int pid : numbers_in("/proc")) {
    ProcessStat stat{};
    if (read_stat(pid, &stat)) parents.emplace_back(pid, stat.parent);
  }
  std::vector<pid_t> found{ancestor};
  for (size_t i = 0; i < found.size(); ++i)
    for (const auto& [pid, parent] : parents)
      if (parent == found[i]) found.push_back(pid);
  found.erase(found.begin());
  return found;
}

std::string thread_dump(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  ProcessStat stat{};
  if (!read_stat(pid, &stat)) return {};
  std::string dump = "  process " + std::to_string(pid) + ": state " + stat.state + ", parent " +
                     std::to_string(stat.parent) + ", session " + std::to_string(stat.session) +
                     '\n';
  for (const int thread : numbers_in(process + "/task")) {
    const std::string task = process + "/task/" + std::to_string(thread);
    const std::string status = read_file(task + "/status");
    dump += "    thread " + std::to_string(thread) + ' ' + first_line_of(task + "/comm") + ": " +
            status_field(status, "State") + ", blocked " + status_field(status, "SigBlk") +
            ", pending " + status_field(status, "SigPnd") + ' ' + status_field(status, "ShdPnd") +
            "\n      wchan " + first_line_of(task + "/wchan") + ", syscall " +
            first_line_of(task + "/syscall") + '\n' + indented(read_file(task + "/stack"));
  }
  return dump;
}

void kill_descendants() {
  // A process that forks while it is looked for is found in a later turn.
  while (waitpid(-1, nullptr, WNOHANG) >= 0) {
    for (const pid_t pid : descendants(getpid())) kill(pid, SIGKILL);
    usleep(1000);
  }
}

}  // namespace tsdaemon::test
