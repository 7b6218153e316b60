/**
 * Daemons as others see them.
 */
import { look } from './look.js';
import { pathOf, unclear } from './sight.js';

/**
 * `'running'`; `'starting'`, before its pid is in the file; `'stopped'`; `'dead'`, when what it has
 * left tells that it did not end by itself; `'unknown'`, when `reason` tells why it cannot be told.
 */
export type DaemonState = 'running' | 'starting' | 'stopped' | 'dead' | 'unknown';

export interface DaemonStatus {
  state: DaemonState;
  /** The process that runs, or that has died. */
  pid?: number;
  /** Of `'unknown'`. */
  reason?: string;
}

/**
 * Whether the daemon of a pid file runs. The lock on the file tells, not what is written in it, so a
 * reused pid misleads nobody. Changes nothing, and does not wait.
 */
export function status(pidFile: string): DaemonStatus {
  const path = pathOf(pidFile);
  const sight = look(path);
  const { state, pid } = sight;
  if (state === 'foreign' || state === 'unknown')
    return { state: 'unknown', reason: unclear(sight, path).message };
  return pid === 0 ? { state } : { state, pid };
}
