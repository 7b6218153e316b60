import { writeSync } from 'node:fs';
import { constants, userInfo } from 'node:os';

import { loadBinding } from './binding.js';
import { messageOf } from './error.js';
import { failureError, systemError } from './failure.js';
import { commandLineMessage } from './messages.js';
import { isFile } from './option-rules.js';
import type { Settings } from './settings.js';

/** Opens the files of stdout and stderr anew. One that cannot be opened stays, and is told why. */
export function reopenLogs(settings: Settings, copies: readonly number[]): void {
  const binding = loadBinding();
  const told = new Set<string>();
  for (const [fd, step] of [
    [1, 'stdout'],
    [2, 'stderr'],
  ] as const) {
    const target = settings[step];
    if (!isFile(target)) continue;
    const errno = binding.reopen(fd, target, copies);
    // Both may be one log.
    if (errno === 0 || told.has(target)) continue;
    told.add(target);
    const { code, path, step: what } = failureError({ ...nothingElse, step, errno }, settings);
    const context = { path, step: what, ...systemError(errno), remedy: remedy(errno) };
    report(fd, { code, message: messageOf(code as 'ERR_DAEMON_LOG', context) });
  }
}

function remedy(errno: number): string {
  return errno === constants.errno.EACCES
    ? `the old one goes on: let ${userName()} write the new one, as by "create" of logrotate(8)`
    : 'the old one goes on: send SIGHUP again when that is mended';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `the user ${process.geteuid?.()}`; // One without a name, or within a chroot.
  }
}

const nothingElse = { obstacle: 'none', thread: 0, pid: 0, waitStatus: 0 } as const;

function report(fd: number, error: { code: string; message: string }): void {
  try {
    writeSync(fd, `${commandLineMessage(error)}\n`);
  } catch {
    // The old log cannot be written either: there is nobody left to tell.
  }
}
