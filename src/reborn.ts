/**
 * The exec strategy: the program is executed a second time, and finds out by a token in its
 * environment that it is the daemon.
 */
import { loadBinding, type NativeDaemon } from './binding.js';
import type { Origin } from './origin.js';

const variable = 'TSDAEMON_REBORN';

/** What the first run tells the second. */
interface Legacy {
  launcherPid: number;
  origin: Origin;
}

/** What is known in the second run. */
export interface Reborn {
  origin: Origin;
  native: NativeDaemon;
}

/** The variable of the second run's environment, to which the native side adds the descriptors. */
export function tokenOf(legacy: Legacy): string {
  return `${variable}=${encodeURIComponent(JSON.stringify(legacy))}`;
}

// As soon as the package is loaded: no child is to inherit it.
const reborn = takeToken();

/** The second run, if this is one. */
export function rebornProcess(): Reborn | undefined {
  return reborn;
}

/** The token is for this very process. */
function takeToken(): Reborn | undefined {
  const token = process.env[variable];
  if (token === undefined) return undefined;
  delete process.env[variable];
  const [legacy = '', user = '', home = '', numbers = ''] = token.split(':');
  const [pid, ...handed] = numbers.split(',').map(Number);
  if (pid !== process.pid) return undefined;
  const { launcherPid, origin } = JSON.parse(decodeURIComponent(legacy)) as Legacy;
  return { origin, native: { pid, launcherPid, user, home, copies: [], ...take(handed) } };
}

/** The native side, native/core/reexec.cc, writes a 0 for a descriptor that there is not. */
function take(
  handed: readonly number[],
): Pick<NativeDaemon, 'statusFd' | 'finalStderr' | 'pidFile' | 'pidDirectory'> {
  const [statusFd = -1, finalStderr = -1, pidFile = -1, pidDirectory = -1, ...kept] = handed.map(
    (fd) => fd || -1,
  );
  loadBinding().takeHanded(statusFd, finalStderr, pidFile, pidDirectory, kept);
  return { statusFd, finalStderr, pidFile, pidDirectory };
}
