/**
 * The launcher's exit status for a start that was refused or failed.
 */
import { constants } from 'node:os';

import { DaemonError, type OptionError } from './error.js';

const failed = 1;
const usage = 2;
const running = 3;
const noPermission = 4;
const signalBase = 128;

export function exitStatusOf(error: DaemonError | OptionError): number {
  if (!(error instanceof DaemonError) || error.code === 'ERR_DAEMON_NO_SCRIPT') return usage;
  if (error.code === 'ERR_DAEMON_SCRIPT') return usage;
  if (error.code === 'ERR_DAEMON_RUNNING') return running;
  if (error.code === 'ERR_DAEMON_HANDOVER') return endOf(error);
  return error.errno === 'EACCES' || error.errno === 'EPERM' ? noPermission : failed;
}

let isTelling = false;

/** As the daemon ended. */
function endOf({ signal, exitCode }: DaemonError): number {
  return signal === undefined ? exitCode || failed : signalBase + constants.signals[signal];
}

/** If nobody catches the errors of `daemonize()`, the status of the process is theirs. */
export function tellExitStatus(): void {
  if (isTelling) return;
  isTelling = true;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    if (!isOurs(error)) return;
    // Node sets the exit code to 1 just before this event.
    process.once('exit', () => {
      process.exitCode = exitStatusOf(error);
    });
  });
}

/** An error whose code is one of ours: `DaemonError` or `OptionError`. */
export function isOurs(error: unknown): error is DaemonError | OptionError {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_DAEMON_');
}
