import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

import type { Command } from 'commander';
import { DaemonError, OptionError } from '../error.js';
import { placesOf } from '../places.js';
import { status } from '../status.js';
import { logOf } from './process-facts.js';
import { addTarget, type Target, type TargetOptions, targetOf } from './target.js';

interface Given extends TargetOptions {
  follow?: boolean;
  lines: number;
}

export function addLogs(program: Command): void {
  const command = program.command('logs').description('show the end of the log of a daemon');
  addTarget(command)
    .option('-f, --follow', 'and what is added to it, through rotations too')
    .option('-n, --lines <count>', 'how many lines', lineCount, 20)
    .action(async (name: string | undefined, given: Given) => {
      const log = logFile(targetOf(name, given));
      await tail([...(given.follow ? ['-F'] : []), '-n', String(given.lines), '--', log]);
    })
    .addHelpText(
      'after',
      `
Of a daemon that runs it is the file that it writes to; of one that does not, the conventional one of its name.

Exit status: that of tail(1); 2 wrong options, 7 nobody knows where the log is.`,
    );
}

function lineCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new OptionError(`Expected a number of lines, got '${text}'`);
  return Number(text);
}

/** The one that it writes to; of one that does not run, the one of its name. */
function logFile({ name, pidFile }: Target): string {
  const { state, pid } = status(pidFile);
  const open = state === 'running' ? logOf(pid) : undefined;
  const log = open ?? (name === undefined ? undefined : placesOf(name).log);
  if (log === undefined) throw new DaemonError('ERR_DAEMON_NOT_RUNNING', { path: pidFile });
  return log;
}

/** Ctrl-C is for both of us; what ends this process alone is passed on. */
async function tail(args: string[]): Promise<void> {
  const child = spawn('tail', args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}
