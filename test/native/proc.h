#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

// What proc(5) tells.
namespace tsdaemon::test {

/// The whole file; empty if it cannot be read.
std::string read_file(const std::string& path);

/// The entries of a directory that are numbers, in order.
std::vector<int> numbers_in(const std::string& directory);

/// Every thread of this process.
std::vector<int> thread_ids();

/// A field of /proc/<pid>/status, without the blanks in front; empty if there is none.
std::string status_field(const std::string& status, const std::string& name);
std::string thread_status(int thread_id, const std::string& field);

/// A state letter and the parent of a process; false if it is gone.
struct ProcessStat {
  char state;
  pid_t parent;
  pid_t session;
};
bool read_stat(pid_t pid, ProcessStat* stat);

/// True while a thread of this process sleeps in that system call.
bool sleeps_in(int thread_id, long number);

/// The ranges of memory that smaps(5) marks with a flag such as `dc`, as "start-end" lines.
std::string ranges_flagged(const char* flag);

/// True if smaps(5) marks the mapping around that address with the flag.
bool is_flagged(const void* address, const char* flag);

}  // namespace tsdaemon::test
