#pragma once

#include <cstdint>

// How the C library stores the holder's thread id in a lock. A thread id is a small number, and so
// are the sizes in malloc's chunk headers: the whole layout has to match, never the id alone.
namespace tsdaemon::forkall {

inline constexpr uint32_t futex_tid_mask = 0x3fffffff;  // FUTEX_TID_MASK

}  // namespace tsdaemon::forkall

#if defined(__GLIBC__)
#include "lock_layout_glibc.h"
#else
#include "lock_layout_musl.h"
#endif
