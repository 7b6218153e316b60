import { basename } from 'node:path';

import { loadBinding, type NativeDaemon } from './binding.js';

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
