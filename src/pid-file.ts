import { basename } from 'node:path';

import { loadBinding, type NativeDaemon } from './binding.js';
import { DaemonError } from './error.js';
import { exitStatusOf } from './exit-status.js';
import { systemError } from './failure.js';
import { commandLineMessage } from './messages.js';

/**
 * The pid file is removed when the process exits, while it is still locked. Returns what removes it
 * before.
 */
export function keepPidFile(
  { pidFile, pidDirectory }: NativeDaemon,
  path: string | undefined,
): () => void {
  if (pidFile < 0 || path === undefined) return () => {};
  const name = basename(path);
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    process.removeListener('exit', release);
    loadBinding().removePidFile(pidFile, pidDirectory, name);
  };
  process.on('exit', release);
  return release;
}

/**
 * Writes the pid, which is to be done when signals are answered: who reads it may send one. No thread
 * of the program runs in the launcher any more, in which an error could be thrown: the process ends.
 */
export function tellPid({ pidFile }: NativeDaemon, path: string | undefined): void {
  if (pidFile < 0) return;
  const errno = loadBinding().writePid(pidFile);
  if (errno === 0) return;
  const error = new DaemonError('ERR_DAEMON_WRITE_PID', { path, ...systemError(errno) });
  process.stderr.write(`${commandLineMessage(error)}\n`);
  process.exit(exitStatusOf(error));
}
