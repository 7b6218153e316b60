/**
 * What went wrong, in one line and an exit status.
 */
import { writeSync } from 'node:fs';

import { exitStatusOf, isOurs } from '../exit-status.js';
import { commandLineMessage } from '../messages.js';

/** Of a command line that is wrong. */
export const usage = 2;

// Linux Standard Base, and start-stop-daemon(8).
const notRunning = 7;
const doesNotEnd = 2;

/** Says it, and lets the process end by itself. */
export function report(error: unknown): void {
  if (!isOurs(error)) throw error;
  writeSync(2, `${commandLineMessage(error)}\n`);
  process.exitCode = statusOf(error);
}

function statusOf(error: Parameters<typeof exitStatusOf>[0]): number {
  if (error.code === 'ERR_DAEMON_NOT_RUNNING') return notRunning;
  return error.code === 'ERR_DAEMON_ALIVE' ? doesNotEnd : exitStatusOf(error);
}
