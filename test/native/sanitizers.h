#pragma once

namespace tsdaemon::test {

#if defined(__SANITIZE_ADDRESS__)

/// Keeps AddressSanitizer's shadow out of forks, as V8 does its heap: a mapping of 16 TB, in which
/// the search for locks would be at work for seconds.
void keep_shadow_out_of_forks();

/// For a child that is to run on.
void let_shadow_into_forks();

#else

inline void keep_shadow_out_of_forks() {}
inline void let_shadow_into_forks() {}

#endif

}  // namespace tsdaemon::test
