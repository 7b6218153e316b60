import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { DaemonError } from './error.js';

let found: string | undefined;

export function hasAddon(): boolean {
  return findAddon() !== undefined;
}

/** @throws DaemonError `ERR_DAEMON_PLATFORM` */
export function loadAddon(): unknown {
  const file = findAddon();
  if (file !== undefined) return requireAddon(file);
  throw new DaemonError('ERR_DAEMON_PLATFORM', {
    what: `there is no addon for ${process.platform} on ${process.arch}`,
  });
}

/** The one built here, or the one that came with the package. */
function findAddon(): string | undefined {
  found ??= candidates().find((file) => existsSync(file));
  return found;
}

function candidates(): string[] {
  const root = join(__dirname, '..');
  const built = join(root, 'build', 'Release', 'tsdaemon.node');
  if (process.platform !== 'linux' || existsSync(built)) return [built];
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  return [join(folder, `tsdaemon.${libc()}.node`)];
}

function requireAddon(addon: string): unknown {
  try {
    return require(addon);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new DaemonError('ERR_DAEMON_PLATFORM', {
      what: `the addon cannot be loaded: ${reason}`,
      path: addon,
      cause,
    });
  }
}

/** The C library, by the name of the ELF interpreter at the start of Node's own binary. */
function libc(): 'glibc' | 'musl' {
  const start = Buffer.alloc(4096);
  const file = openSync(process.execPath, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  return start.includes('/ld-musl-') ? 'musl' : 'glibc';
}
