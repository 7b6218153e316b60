#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "syscalls.h"

namespace tsdaemon::forkall {

/// The parts of a start, in their order; those from `fork` on are the daemon's.
#define TSDAEMON_PARTS(PART) \
  PART(begin)                \
  PART(prepare)              \
  PART(freeze)               \
  PART(survey)               \
  PART(search)               \
  PART(forkable)             \
  PART(fork)                 \
  PART(steps)                \
  PART(revive)               \
  PART(mend)                 \
  PART(unforkable)           \
  PART(streams)              \
  PART(handover)             \
  PART(thaw)

enum class Part : size_t {
#define PART(name) name,
  TSDAEMON_PARTS(PART)
#undef PART
};

inline constexpr const char* part_names[] = {
#define PART(name) #name,
    TSDAEMON_PARTS(PART)
#undef PART
};

/// When each part was over: a reading of the clock is a third of a microsecond, so that what is
/// measured is what is shipped.
class Timeline {
 public:
  static constexpr size_t count = sizeof(part_names) / sizeof(part_names[0]);

  void end(Part part) { ends_[static_cast<size_t>(part)] = raw::now_ns(); }

  /// Nanoseconds of CLOCK_MONOTONIC; 0 for a part that there was not.
  const std::array<uint64_t, count>& ends() const { return ends_; }

 private:
  std::array<uint64_t, count> ends_{};
};

}  // namespace tsdaemon::forkall
