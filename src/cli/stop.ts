import type { Command } from 'commander';

import { stop } from '../control.js';
import type { StopOptions } from '../control-options.js';
import { look } from '../look.js';
import { time } from './option-values.js';
import { spinning } from './output.js';
import { parseSignal } from './signal-name.js';
import { absence } from './status-text.js';
import { addTarget, type Target, type TargetOptions, targetOf } from './target.js';

interface Given extends TargetOptions {
  signal?: StopOptions['signal'];
  timeout?: number;
  /** False: `--no-kill`. */
  kill: boolean;
}

export function addStop(program: Command): void {
  const command = program
    .command('stop')
    .description('end a daemon, and come back when it has ended');
  addStopOptions(addTarget(command))
    .action(async (name: string | undefined, given: Given) => {
      await stopAndTell(targetOf(name, given), stopOptions(given));
    })
    .addHelpText(
      'after',
      `
Exit status: 0 it has ended, or did not run; 2 it does not end; 4 no permission.`,
    );
}

export function addStopOptions(command: Command): Command {
  return command
    .option('-s, --signal <signal>', 'what asks it to end (default: TERM)', parseSignal)
    .option(
      '-t, --timeout <time>',
      'how long it may take, as 5s, 5000ms or 5m (default: 20s)',
      time('--timeout'),
    )
    .option('--no-kill', 'do not send it KILL after that');
}

export function stopOptions({ signal, timeout, kill }: Given): StopOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
    // biome-ignore lint/suspicious/noThenProperty: the option's name; neither value is a function
    then: kill ? 'SIGKILL' : false,
  };
}

export async function stopAndTell(target: Target, options: StopOptions): Promise<void> {
  const { label, pidFile } = target;
  const { outcome, pid } = await spinning(`stopping ${label}`, stop(pidFile, options));
  if (outcome === 'not-running') console.log(absence(target, 'was'));
  else if (outcome === 'stopped') console.log(`${label} has ended, pid ${pid}`);
  else console.log(`${label} had to be killed, pid ${pid}${whatIsLeft(pidFile)}`);
}

/** Nobody but who holds its lock may remove a pid file, and what was killed has not. */
function whatIsLeft(pidFile: string): string {
  return look(pidFile).state === 'dead' ? '; it has left its pid file, which hinders no start' : '';
}
