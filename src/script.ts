import { isEvaluated } from './command-line.js';
import { DaemonError } from './error.js';
import { flagOf } from './node-options.js';

const refused: Record<string, string> = {
  '-e': 'a script given by --eval',
  '--eval': 'a script given by --eval',
  '-p': 'a script given by --print',
  '-pe': 'a script given by --print',
  '--print': 'a script given by --print',
  '-i': 'an interactive session',
  '--interactive': 'an interactive session',
  '-c': 'a syntax check',
  '--check': 'a syntax check',
  '--test': "Node's test runner",
  '--watch': "Node's watch mode",
  '--watch-path': "Node's watch mode",
};

/**
 * @throws DaemonError `ERR_DAEMON_NO_SCRIPT` where Node has no script, nor a text, that it could run
 *   a second time.
 */
export function checkExecutableAgain([script]: readonly string[]): void {
  if (!isStdin(script) || isEvaluated()) return;
  const what = 'a script read from stdin, which cannot be executed a second time,';
  throw new DaemonError('ERR_DAEMON_NO_SCRIPT', { what });
}

/** What Node was started for instead of a script file, `undefined` if it is one. */
export function reasonForNoScript(): string | undefined {
  for (const argument of process.execArgv) {
    const reason = refused[flagOf(argument)];
    if (reason !== undefined) return reason;
  }
  // The child of `node --watch`, which is not told so by a flag.
  if (process.env['WATCH_REPORT_DEPENDENCIES'] !== undefined) return "Node's watch mode";
  return isStdin(process.argv[1]) ? 'a script read from stdin' : undefined;
}

function isStdin(script: string | undefined): boolean {
  return script === undefined || script === '-';
}
