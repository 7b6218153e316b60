import type { Command } from 'commander';

import { reload, signal } from '../control.js';
import type { SignalName } from '../signal-names.js';
import { parseSignal } from './signal-name.js';
import { addTarget, type TargetOptions, targetOf } from './target.js';

const exitStatuses = `
Exit status: 0 it was sent, 4 no permission, 7 the daemon does not run.`;

export function addSignals(program: Command): void {
  const command = program
    .command('signal')
    .description('send a signal to a daemon, and to no other process')
    .argument('<signal>', 'as HUP, SIGHUP or 1', parseSignal);
  addTarget(command)
    .action(async (name: SignalName, target: string | undefined, given: TargetOptions) => {
      const { label, pidFile } = targetOf(target, given);
      say(label, name, await signal(pidFile, name));
    })
    .addHelpText('after', exitStatuses);

  addHangup(program, 'reload', 'let a daemon read its configuration and open its logs anew');
  addHangup(program, 'reopen', 'let a daemon open its logs anew, as logrotate wants it');
}

/** The daemon does both at SIGHUP: SIGUSR1, which others take for the logs, is Node's own. */
function addHangup(program: Command, name: string, description: string): void {
  addTarget(program.command(name).description(`${description}: SIGHUP`))
    .action(async (target: string | undefined, given: TargetOptions) => {
      const { label, pidFile } = targetOf(target, given);
      say(label, 'SIGHUP', await reload(pidFile));
    })
    .addHelpText(
      'after',
      `
A daemon that does not listen for SIGHUP would be ended by it: it is given 5 s to listen, and then not sent it
(ERR_DAEMON_DEAF).

Exit status: 0 it was sent, 1 it does not listen, 4 no permission, 7 the daemon does not run.`,
    );
}

function say(label: string, name: SignalName, pid: number): void {
  console.log(`${label} was sent ${name}, pid ${pid}`);
}
