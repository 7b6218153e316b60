/**
 * Daemons as others see them.
 */
import type { NativeSight } from './binding.js';
import { lookPatiently } from './look.js';
import { pathOf, unclear } from './sight.js';

/**
 * `'running'`; `'starting'`, before its pid is in the file; `'stopped'`; `'dead'`, when what it has
 * left tells that it did not end by itself; `'unknown'`, when `reason` tells why it cannot be told.
 */
export type DaemonState = 'running' | 'starting' | 'stopped' | 'dead' | 'unknown';

/** What {@link status} has found. */
export interface DaemonStatus {
  /** Whether it runs. */
  state: DaemonState;
  /** The process that runs, or that has died. */
  pid?: number;
  /** Why it cannot be told, of `'unknown'`. */
  reason?: string;
}

/**
 * Whether the daemon of a pid file runs. The lock on the file tells, not what is written in it, so a
 * reused pid misleads nobody: see flock(2). Changes nothing. Returns at once, but for a lock that is not held by whom
 * the file names, as in the instant in which a start fails: that is looked at for up to a second.
 *
 * @param pidFile - a path, of the working directory
 * @throws TypeError with the code `ERR_DAEMON_OPTION` for what is no path.
 */
export function status(pidFile: string): DaemonStatus {
  const path = pathOf(pidFile);
  return statusOf(lookPatiently(path), path);
}

/** @internal */
export function statusOf(sight: NativeSight, path: string): DaemonStatus {
  const { state, pid } = sight;
  if (state === 'foreign' || state === 'unknown')
    return { state: 'unknown', reason: unclear(sight, path).message };
  return pid === 0 ? { state } : { state, pid };
}
