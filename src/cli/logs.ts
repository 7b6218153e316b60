import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readlinkSync } from 'node:fs';
import { constants as system } from 'node:os';

import type { Command } from 'commander';
import { DaemonError, OptionError } from '../error.js';
import { systemError } from '../failure.js';
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
      checkReadable(log, given.follow === true);
      await tail([...(given.follow ? ['-F'] : []), '-n', String(given.lines), '--', log]);
    })
    .addHelpText(
      'after',
      `
Of a daemon that runs it is the file that it writes to; of one that does not, the conventional one of its name.

Exit status: that of tail(1); 2 wrong options, 4 no permission, 7 nobody knows where the log is, or there is none.`,
    );
}

function lineCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new OptionError(`Expected a number of lines, got '${text}'`);
  return Number(text);
}

/** The one that it writes to; of one that does not run, the one of its name. */
function logFile({ name, pidFile }: Target): string {
  const { state, pid, reason } = status(pidFile);
  const isRunning = state === 'running';
  const open = isRunning ? logOf(pid) : undefined;
  if (open !== undefined) return open;
  const hidden = isRunning ? denial(() => readlinkSync(`/proc/${pid}/fd/1`)) : undefined;
  const conventional = name === undefined ? undefined : placesOf(name).log;
  const isFound = conventional !== undefined && existsSync(conventional);
  if (isFound && (!isRunning || hidden !== undefined)) return conventional;
  if (hidden !== undefined) throw noLog(`the log of the daemon ${pid} may not be seen`, hidden);
  if (isRunning) throw noLog(`the daemon ${pid} writes to no file; start it with --log`);
  if (reason !== undefined) throw noLog(reason);
  throw noLog(
    conventional === undefined
      ? `the daemon of ${pidFile} does not run, and a pid file does not tell where its log was; read that file itself`
      : `no daemon ${name} runs, and there is no ${conventional}; see "tsdaemon list"`,
  );
}

function checkReadable(log: string, isFollowed: boolean): void {
  const denied = denial(() => accessSync(log, constants.R_OK));
  if (denied !== undefined) throw noLog(`the log ${log} may not be read`, denied);
  if (!isFollowed && !existsSync(log))
    throw noLog(`the log ${log} has been removed; "tsdaemon reopen" lets the daemon make it anew`);
}

/** What forbids it. */
function denial(attempt: () => void): NodeJS.ErrnoException | undefined {
  try {
    attempt();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return error as NodeJS.ErrnoException;
  }
  return undefined;
}

function noLog(what: string, { errno }: NodeJS.ErrnoException = new Error()): DaemonError {
  return new DaemonError('ERR_DAEMON_NO_LOG', { what, ...systemError(-(errno ?? 0)) });
}

/** Ctrl-C is for both of us; what ends this process alone is passed on. */
async function tail(args: string[]): Promise<void> {
  const child = spawn('tail', args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.exitCode = signal === null ? (code ?? 1) : 128 + system.signals[signal];
}
