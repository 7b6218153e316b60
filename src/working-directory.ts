import { DaemonError } from './error.js';

/** @throws DaemonError `ERR_DAEMON_CHDIR` */
export function enterDirectory(path: string): void {
  if (path === 'keep') return;
  try {
    process.chdir(path);
  } catch (cause) {
    const { systemError } = require('./failure.js') as typeof import('./failure.js');
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    throw new DaemonError('ERR_DAEMON_CHDIR', {
      ...{ step: 'chdir', syscall: 'chdir', path },
      ...systemError(-errno),
      cause,
    });
  }
}
