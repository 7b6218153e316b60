/**
 * What is said of pid files.
 */
import { resolve } from 'node:path';

import type { NativeSight } from './binding.js';
import { DaemonError, OptionError } from './error.js';
import { systemError } from './failure.js';
import { isPath, show } from './option-rules.js';

/** Why it cannot be told whether the daemon runs. */
export function unclear({ state, pid, errno }: NativeSight, path: string): DaemonError {
  if (state === 'starting') return new DaemonError('ERR_DAEMON_STARTING', { path });
  if (state === 'foreign') return new DaemonError('ERR_DAEMON_FOREIGN', { path, pid });
  return new DaemonError('ERR_DAEMON_READ_PID', { path, ...systemError(errno) });
}

/** @throws OptionError if it is none. */
export function pathOf(pidFile: string): string {
  if (!isPath(pidFile))
    throw new OptionError(`Expected the pid file to be a path, got ${show(pidFile)}`);
  return resolve(pidFile);
}
