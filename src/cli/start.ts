import { writeSync } from 'node:fs';
import { basename } from 'node:path';

import type { Command } from 'commander';

import { executeAgainWith } from '../command-line.js';
import { daemonize } from '../daemonize.js';
import { optionsFromEnvironment } from '../environment.js';
import { whenMainModuleLoaded } from '../main-module.js';
import { describeStart } from '../messages.js';
import type { DaemonizeOptions } from '../options.js';
import { resolveOptions } from '../settings.js';
import { addDaemonOptions, daemonOptions, wordsOf } from './daemon-options.js';
import { findScript, runMain } from './main-script.js';
import { isTerminal, paint } from './output.js';

export function addStart(program: Command): void {
  const command = program
    .command('start')
    .description('run a script as a daemon, and come back when it is ready')
    .argument('<script>', 'what would be given to node')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions();
  addDaemonOptions(command)
    .action((script: string, args: string[], given: Record<string, unknown>) => {
      warnOfLateOptions(command, script, args);
      launch(findScript(script), args, startOptions(given));
    })
    .addHelpText(
      'after',
      `
Options stand before the script: what stands after it is the script's own. Those that are not given are taken from
TSDAEMON_NAME, TSDAEMON_LOG and so on, as with "node --require tsdaemon/early".
For options of node: node --enable-source-maps "$(command -v tsdaemon)" start ...

Exit status: 0 ready, 1 a step failed, 2 wrong options, 3 it runs already, 4 no permission, 124 not ready in time
(it was ended); or the daemon's own, if it ended first.

Examples:
  $ tsdaemon start --name api server.js --port 8080
  $ tsdaemon start --pid-file api.pid --log api.log --ready listening -- server.mjs`,
    );
}

/** Who gives no option before the script, but one of ours after it, may have meant it for us. */
function warnOfLateOptions({ options }: Command, script: string, args: readonly string[]): void {
  if (process.argv[3] !== script || !isTerminal(2)) return;
  const end = args.indexOf('--');
  const words = (end < 0 ? args : args.slice(0, end)).map((word) => word.split('=', 1)[0]);
  const late = options.find(({ long }) => words.includes(long ?? ''))?.long;
  if (late === undefined) return;
  writeSync(
    2,
    `tsdaemon: ${late} is given to ${script}, since it stands after it; an option of "start" stands before the script\n`,
  );
}

export function startOptions(given: Record<string, unknown>): DaemonizeOptions {
  // The flag is nearer than the variable.
  if (given['foreground'] === true) delete process.env['TSDAEMON_FOREGROUND'];
  return {
    ...{ detach: 'auto', ready: 'loaded', closeFds: true, force: true },
    ...optionsFromEnvironment(process.env),
    ...daemonOptions(given),
  };
}

/** This process becomes the daemon, and the script its main module. */
export function launch(script: string, args: readonly string[], options: DaemonizeOptions): void {
  const [, command = ''] = process.argv;
  executeAgainWith([command, 'start', ...wordsOf(options), '--', script, ...args]);
  describeStart({ awaited: options.ready });
  if (isTerminal(2)) {
    const label = options.name ?? basename(script);
    const running = `${label} is ${paint('green', 'running', 2)}, pid {pid}`;
    const isFound = resolveOptions(options).pidFile !== undefined;
    const ready = isFound ? running : `${running}; it has no --name: end it with "kill {pid}"`;
    describeStart({ waiting: `starting ${label}`, ready });
  }
  const isReadyWhenLoaded = options.ready === 'loaded';
  const daemon = daemonize({ ...options, ...(isReadyWhenLoaded && { ready: 'manual' }) });
  runMain(script, args, () => {
    if (isReadyWhenLoaded)
      whenMainModuleLoaded(daemon.launchDirectory, () => daemon.ready(), script);
  });
}
