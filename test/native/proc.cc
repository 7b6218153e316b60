#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace tsdaemon::test {

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  ssize_t length;
  while ((length = read(fd, buffer, sizeof(buffer))) > 0)
    text.append(buffer, static_cast<size_t>(length));
  close(fd);
  return text;
}

std::vector<int> numbers_in(const std::string& path) {
  std::vector<int> numbers;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory))
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') numbers.push_back(atoi(entry->d_name));
  closedir(directory);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<int> thread_ids() { return numbers_in("/proc/self/task"); }

std::string status_field(const std::string& status, const std::string& name) {
  const std::string start = '\n' + name + ":\t";
  const size_t at = ('\n' + status).find(start);
  if (at == std::string::npos) return {};
  const size_t value = at + start.size() - 1;
  return status.substr(value, status.find('\n', value) - value);
}

std::string thread_status(int thread_id, const std::string& field) {
  return status_field(read_file("/proc/self/task/" + std::to_string(thread_id) + "/status"), field);
}

bool read_stat(pid_t pid, ProcessStat* stat) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  // "pid (name) state ppid pgrp session …"; a name may hold a ")".
  const size_t name_end = text.rfind(')');
  return name_end != std::string::npos && sscanf(text.c_str() + name_end + 1, " %c %d %*d %d",
                                                 &stat->state, &stat->parent, &stat->session) == 3;
}

// The state first: "syscall" still tells the call that a thread was woken from, if the processor
// that it is to run on has yet to take it over (TASK_WAKING, which is no "S").
bool sleeps_in(int thread_id, long number) {
  const std::string task = "/proc/self/task/" + std::to_string(thread_id);
  const std::string stat = read_file(task + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || stat.compare(name_end, 3, ") S") != 0) return false;
  const std::string call = read_file(task + "/syscall");    // "running", or
  return call.rfind(std::to_string(number) + ' ', 0) == 0;  // "202 0x7f… …"
}

namespace {

using Visit = std::function<void(uintptr_t start, uintptr_t end)>;

void each_flagged(const char* flag, const Visit& visit) {
  FILE* smaps = fopen("/proc/self/smaps", "re");
  if (smaps == nullptr) return;
  const std::string marked = std::string{' '} + flag + ' ';
  char line[4096];
  uintptr_t start = 0;
  uintptr_t end = 0;
  while (fgets(line, sizeof(line), smaps) != nullptr) {
    uintptr_t from = 0;
    uintptr_t to = 0;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2) {
      start = from;
      end = to;
    } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, marked.c_str()) != nullptr) {
      visit(start, end);
    }
  }
  fclose(smaps);
}

}  // namespace

std::string ranges_flagged(const char* flag) {
  std::string ranges;
  each_flagged(flag, [&](uintptr_t start, uintptr_t end) {
    char range[64];
    snprintf(range, sizeof(range), "%" PRIxPTR "-%" PRIxPTR "\n", start, end);
    ranges += range;
  });
  return ranges;
}

bool is_flagged(const void* address, const char* flag) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  bool found = false;
  each_flagged(flag,
               [&](uintptr_t start, uintptr_t end) { found = found || (at >= start && at < end); });
  return found;
}

}  // namespace tsdaemon::test
