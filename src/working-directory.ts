import { DaemonError } from './error.js';

/** @throws DaemonError `ERR_DAEMON_CHDIR` */
export function enterDirectory(path: string): void {
  if (path === 'keep') return;
  try {
    process.chdir(path);
  } catch (cause) {
    throw new DaemonError('ERR_DAEMON_CHDIR', { step: 'chdir', path, cause });
  }
}
