#pragma once

#include <string>

namespace tsdaemon {

/// Connects to a supervisor's notification socket, sd_notify(3): a path, or '@' and a name in the
/// abstract namespace. Once connected it can be spoken to from a chroot, and without the right to
/// see the path. Returns a descriptor, or a negated errno.
int connect_notify_socket(const std::string& address);

/// Sends one datagram. A supervisor whose queue is full is waited for, if that is asked for, no
/// longer than a few seconds. Returns 0 or an errno.
int notify(int socket, const std::string& message, bool waits);

/// In the launcher, as its last word: the daemon is ready, and is the main process from now on. It
/// is not the daemon's to say: a supervisor believes nobody but the process it has started. Raw
/// system calls alone.
void notify_ready(int socket, int daemon);

}  // namespace tsdaemon
