import type { LauncherMessages } from './binding.js';
import { isFile, type Settings } from './options.js';

/** What the launcher says when the daemon does not become ready. */
export function launcherMessages({ readyTimeout, stderr }: Settings): LauncherMessages {
  const see = isFile(stderr) ? `; see ${stderr}` : '; name a `log` to keep what it says';
  return {
    exited: line('EXITED', `the daemon {pid} exited with {status} before it was ready${see}`),
    killed: line(
      'KILLED',
      `the daemon {pid} was ended by signal {status} before it was ready${see}`,
    ),
    lost: line(
      'LOST',
      `the daemon {pid} closed its channel before it was ready, and was ended${see}`,
    ),
    late: line(
      'LATE',
      `the daemon {pid} was not ready after ${readyTimeout} ms, and was ended; ` +
        'raise `readyTimeout` if it needs longer',
    ),
    interrupted: line('INTERRUPTED', 'the daemon {pid} was ended by signal {status} to its start'),
  };
}

/** One line for the command line, without a stack. */
export function commandLineMessage(error: { code: string; message: string }): string {
  return `tsdaemon: ${error.code}: ${error.message}`;
}

function line(code: string, message: string): string {
  return commandLineMessage({ code: `ERR_DAEMON_${code}`, message });
}
