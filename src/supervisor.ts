/**
 * Who has started this process: a supervisor that keeps it in sight, or somebody who waits for it to
 * go to the background.
 */
import { loadBinding } from './binding.js';

/**
 * Whether a supervisor watches this very process, so that to detach would be to run away from it.
 *
 * What says so: `NOTIFY_SOCKET`, sd_notify(3); our own pid in `SYSTEMD_EXEC_PID`, systemd.exec(5), or
 * in `LISTEN_PID`, sd_listen_fds(3); to be pid 1, as in a container; a socket that has an address as
 * stdin, inetd(8), where a socketpair(2) is a parent's pipe.
 * What does not: a parent with pid 1, which every orphan has, and `INVOCATION_ID`, which everything
 * inherits that a unit has started, a login shell among it.
 */
export function isSupervised(): boolean {
  const { NOTIFY_SOCKET = '', SYSTEMD_EXEC_PID, LISTEN_PID } = process.env;
  return (
    NOTIFY_SOCKET !== '' ||
    isOurPid(SYSTEMD_EXEC_PID) ||
    isOurPid(LISTEN_PID) ||
    process.pid === 1 ||
    stdinIsSocket()
  );
}

/**
 * Whether a variable of the environment names this process, or the launcher that this daemon was
 * when the variable was set.
 */
export function isOurPid(value: string | undefined, launcherPid: number = process.pid): boolean {
  return value === String(process.pid) || value === String(launcherPid);
}

// Not by fs.fstatSync(): what that leaves behind of a pipe or a socket ends the resolution of symbolic
// links in Node's module loader half way (seen on 20 and 22).
function stdinIsSocket(): boolean {
  try {
    return loadBinding().isAddressedSocket(0);
  } catch {
    // Without the addon nothing can be detached.
    return false;
  }
}
