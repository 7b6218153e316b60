#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tsdaemon::test {

/// Some of the registers of the CPU. Written in assembly, once an architecture.
struct RegisterFile {
  const char* name;
  size_t bytes;
  /// Loads them, spins while `*go` is 0 without touching them, and stores them.
  void (*spin)(const void* before, void* after, const std::atomic<uint32_t>* go);
};

/// Those that this CPU has.
const std::vector<RegisterFile>& register_files();

}  // namespace tsdaemon::test
