import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

import { DaemonError, type DaemonErrorCode, OptionError } from './error.js';
import { systemError } from './failure.js';
import type { Settings } from './settings.js';

/** Where a daemon that has nothing but a name keeps its files. */
interface Places {
  pidFile: string;
  log: string;
}

/**
 * The conventional places: those of the Filesystem Hierarchy Standard for root, those of the XDG Base
 * Directory Specification for others. Without `$XDG_RUNTIME_DIR`, as in a cron job, the pid file is
 * with the log.
 */
export function placesOf(name: string, forRoot = isRoot()): Places {
  if (forRoot) return { pidFile: `/run/${name}.pid`, log: `/var/log/${name}.log` };
  const { XDG_RUNTIME_DIR, XDG_STATE_HOME } = process.env;
  const state = absolute(XDG_STATE_HOME) ?? join(home(), '.local', 'state');
  return {
    pidFile: join(absolute(XDG_RUNTIME_DIR) ?? state, `${name}.pid`),
    log: join(state, `${name}.log`),
  };
}

/** @throws OptionError where there is none, as for a user who is a number alone. */
function home(): string {
  try {
    const directory = homedir();
    if (isAbsolute(directory)) return directory;
  } catch {
    // Neither $HOME nor an entry in the list of users.
  }
  throw new OptionError(
    `A \`name\` needs a home directory, and the user ${process.geteuid?.()} has none; ` +
      'set HOME or XDG_STATE_HOME, or give `pidFile` and `log` instead',
  );
}

/** The specification has a relative path ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Makes the directories of those places that are used, which need not be there for a user. */
export function makePlaces({ name, pidFile, log, stdout, stderr }: Settings): void {
  if (name === undefined || isRoot()) return;
  const places = placesOf(name);
  if (pidFile === places.pidFile) makeDirectoryOf(pidFile, 'ERR_DAEMON_PID_FILE', 'pid-file');
  if ([log, stdout, stderr].includes(places.log))
    makeDirectoryOf(places.log, 'ERR_DAEMON_LOG', 'log');
}

function makeDirectoryOf(file: string, code: DaemonErrorCode, step: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    const { errno = 0 } = error as NodeJS.ErrnoException;
    throw new DaemonError(code, { step, syscall: 'mkdir', path: file, ...systemError(-errno) });
  }
}
