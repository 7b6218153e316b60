import { basename } from 'node:path';

import { loadBinding, type NativeDaemon } from './binding.js';
import { DaemonError } from './error.js';
import { systemError } from './failure.js';

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

/** Writes the pid, which is to be done when signals are answered: who reads it may send one. */
export function tellPid({ pidFile }: NativeDaemon, path: string | undefined): void {
  if (pidFile < 0) return;
  const errno = loadBinding().writePid(pidFile);
  if (errno !== 0) throw new DaemonError('ERR_DAEMON_WRITE_PID', { path, ...systemError(errno) });
}
