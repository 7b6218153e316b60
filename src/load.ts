import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { DaemonError } from './error.js';

/** The addon: the one built here, or the one that came with the package. */
export function loadAddon(): unknown {
  const root = join(__dirname, '..');
  const built = join(root, 'build', 'Release', 'tsdaemon.node');
  if (existsSync(built)) return require(built);
  if (process.platform === 'linux') {
    const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
    const prebuilt = join(folder, `tsdaemon.${libc()}.node`);
    if (existsSync(prebuilt)) return require(prebuilt);
  }
  throw new DaemonError('ERR_DAEMON_PLATFORM', {
    what: `there is no addon for ${process.platform} on ${process.arch}`,
  });
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
