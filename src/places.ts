import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where a daemon that has nothing but a name keeps its files. */
export interface Places {
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
  const state = XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return {
    pidFile: join(XDG_RUNTIME_DIR || state, `${name}.pid`),
    log: join(state, `${name}.log`),
  };
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Makes the user's state directory, which need not be there yet; `/run` and `/var/log` are. */
export function makePlaces(name: string): void {
  if (isRoot()) return;
  for (const file of Object.values(placesOf(name)))
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
}
