#pragma once

#include <csignal>
#include <cstdint>

#include "forkall/syscalls.h"
#include "forkall/thread_block.h"

namespace tsdaemon {

/// Keeps signals from this thread, but the C library's own: main must take its part when another
/// thread changes the credentials of the process. Raw system calls.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    const uint64_t all = ~forkall::raw::signal_bit(forkall::parking_signal);
    forkall::raw::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { forkall::raw::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  uint64_t before_ = 0;
};

}  // namespace tsdaemon
