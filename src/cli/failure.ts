/**
 * What went wrong, in one line and an exit status.
 */
import { writeSync } from 'node:fs';

import type { DaemonError, OptionError } from '../error.js';
import { isOurs } from '../exit-status.js';
import { commandLineMessage } from '../messages.js';
import { flagOf } from './daemon-options.js';

/** Of a command line that is wrong. */
export const usage = 2;

// Linux Standard Base, and start-stop-daemon(8).
const notRunning = 7;
const doesNotEnd = 2;

/** Says it, and lets the process end by itself. */
export function report(error: unknown): void {
  if (!isOurs(error)) throw error;
  const { code } = error;
  writeSync(2, `${commandLineMessage({ code, message: inFlags(error.message) })}\n`);
  process.exitCode = statusOf(error);
}

/** The options of the library, as they are written on the command line. */
function inFlags(message: string): string {
  return message.replace(
    /the `(\w+)` option|`(\w+)`/g,
    (words, option: string | undefined, name: string | undefined) =>
      flagOf(option ?? name ?? '') ?? words,
  );
}

function statusOf(error: DaemonError | OptionError): number {
  if (error.code === 'ERR_DAEMON_NOT_RUNNING') return notRunning;
  // Which of the two it is, the error knows.
  if (error.code === 'ERR_DAEMON_NO_LOG' && error.errno === undefined) return notRunning;
  return error.code === 'ERR_DAEMON_ALIVE' ? doesNotEnd : error.exitStatus;
}
