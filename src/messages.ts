import type { LauncherMessages } from './binding.js';
import { type DaemonErrorCode, type ErrorContext, messageOf } from './error.js';
import { isFile } from './option-rules.js';
import type { Readiness } from './options.js';
import type { Settings } from './settings.js';

/** A start by the command, of which the launcher says more, and knows better. */
interface StartByCommand {
  /** At a terminal: that it waits, and for how long by now. */
  waiting: string;
  /** At a terminal: that the daemon is ready. */
  ready: string;
  /** What is waited for. The command has a way of its own for `'loaded'`, by `'manual'`. */
  awaited: Readiness | undefined;
}

const byCommand: StartByCommand = { waiting: '', ready: '', awaited: undefined };

export function describeStart(description: Partial<StartByCommand>): void {
  Object.assign(byCommand, description);
}

/** What there was not when the time was over. */
const missing: Record<Readiness, string> = {
  detached: 'it was not complete',
  loaded: 'its main module had not finished',
  listening: 'no server listened',
  manual: 'it had not said so',
};

/** What the launcher says of the daemon. */
export function launcherMessages({ ready, readyTimeout, stderr }: Settings): LauncherMessages {
  const isCommand = byCommand.awaited !== undefined;
  const log = isCommand ? 'give it a --log' : 'name a `log`';
  const what = isFile(stderr) ? `see ${stderr}` : `${log} to keep what it says`;
  const remedy = isCommand
    ? 'raise --ready-timeout'
    : 'raise `readyTimeout`, or call extendStartTimeout() while it starts';
  const pid = '{pid}';
  const status = '{status}';
  return {
    exited: line('ERR_DAEMON_EXITED', { pid, exitCode: status, what }),
    killed: line('ERR_DAEMON_KILLED', { pid, signal: status, what }),
    lost: line('ERR_DAEMON_LOST', { pid, what }),
    late: line('ERR_DAEMON_LATE', {
      pid,
      what: `${missing[byCommand.awaited ?? ready]} within ${readyTimeout} ms; ${remedy}`,
    }),
    lateExtended: line('ERR_DAEMON_LATE', {
      pid,
      what: `its last extendStartTimeout() was of ${status} ms; let it ask for more`,
    }),
    unanswered: line('ERR_DAEMON_HANDOVER', {
      what: `the daemon ${pid} did not answer in time, and was killed`,
    }),
    interrupted: line('ERR_DAEMON_INTERRUPTED', { pid, signal: status }),
    // Without a log the daemon writes to the terminal itself.
    waiting: isFile(stderr) ? byCommand.waiting : '',
    ready: byCommand.ready,
  };
}

/** One line for the command line, without a stack. */
export function commandLineMessage(error: { code: string; message: string }): string {
  return `tsdaemon: ${error.code}: ${error.message}`;
}

function line(code: DaemonErrorCode, context: ErrorContext): string {
  return commandLineMessage({ code, message: messageOf(code, context) });
}
