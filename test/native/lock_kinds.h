#pragma once

#include <memory>
#include <vector>

namespace tsdaemon::test {

/// A lock of the C library; each function returns an errno.
class Lock {
 public:
  virtual ~Lock() = default;
  virtual int lock() = 0;
  virtual int try_lock() = 0;
  virtual int unlock() = 0;
};

/// What a lock says to its holder who asks for it again, and so whether it knows its holder.
enum class Again {
  waits,     // it does not know
  enters,    // a recursive one
  deadlock,  // EDEADLK
};

/// And a write-locked rwlock.
#if defined(__GLIBC__)
inline constexpr Again write_again = Again::deadlock;
#else
inline constexpr Again write_again = Again::waits;
#endif

struct LockKind {
  const char* name;
  Again again;
  std::unique_ptr<Lock> (*make)();
};

const std::vector<LockKind>& lock_kinds();

}  // namespace tsdaemon::test
