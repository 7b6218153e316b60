/**
 * The launcher's exit status for a start that was refused or failed.
 */
import type { DaemonError, OptionError } from './error.js';

let isTelling = false;

/** If nobody catches the errors of `daemonize()`, the status of the process is theirs. */
export function tellExitStatus(): void {
  if (isTelling) return;
  isTelling = true;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    if (!isOurs(error)) return;
    // Node sets the exit code to 1 just before this event.
    process.once('exit', () => {
      process.exitCode = error.exitStatus;
    });
  });
}

/** An error whose code is one of ours: `DaemonError` or `OptionError`. */
export function isOurs(error: unknown): error is DaemonError | OptionError {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_DAEMON_');
}
