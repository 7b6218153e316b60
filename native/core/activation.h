#pragma once

namespace tsdaemon {

/// Whether `fd` is a socket that has an address, as inetd(8) hands it over. The pairs that sshd and
/// Node make for the standard streams of what they start, socketpair(2), have none.
bool is_addressed_socket(int fd);

/// Returns 0 or an errno.
int close_on_exec(int fd);

}  // namespace tsdaemon
