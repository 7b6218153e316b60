import type { Command } from 'commander';

import { status } from '../status.js';
import { showStatus } from './status-text.js';
import { addTarget, type TargetOptions, targetOf } from './target.js';

export function addStatus(program: Command): void {
  const command = program.command('status').description('tell whether a daemon runs');
  addTarget(command)
    .option('--json', 'as an object, times in milliseconds')
    .action((name: string | undefined, given: TargetOptions & { json?: boolean }) => {
      const target = targetOf(name, given);
      showStatus(target, status(target.pidFile), given.json === true);
    })
    .addHelpText(
      'after',
      `
A daemon runs as soon as its pid is in the pid file, which is before it is ready: "start" comes back when it is.

Exit status: 0 it runs, 1 it is dead and has left its pid file, 3 it does not run, 4 it cannot be told.`,
    );
}
