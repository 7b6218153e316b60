#pragma once

namespace tsdaemon::test {

#if defined(__SANITIZE_ADDRESS__)

/// Keeps AddressSanitizer's shadow out of forks, as V8 does its heap: a mapping of 16 TB, in which
/// the search for locks would be at work for seconds.
void keep_shadow_out_of_forks();

/// For a child that is to run on.
void let_shadow_into_forks();

/// Before threads are made or forked: an id that is half of an address in the shadow, or in the
/// sanitizer's heap, is not mended on the stack of a thread that waits for a lock. Those ids are of
/// no use.
void skip_ids_like_addresses();

#else

inline void keep_shadow_out_of_forks() {}
inline void let_shadow_into_forks() {}
inline void skip_ids_like_addresses() {}

#endif

}  // namespace tsdaemon::test
