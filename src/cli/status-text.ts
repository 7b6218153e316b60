import { existsSync } from 'node:fs';

import { placesOf } from '../places.js';
import type { DaemonState, DaemonStatus } from '../status.js';
import { paint, stateColours, write } from './output.js';
import { uptimeOf } from './process-facts.js';
import type { Target } from './target.js';
import { inWords } from './units.js';

/** Exit statuses of `status`, Linux Standard Base. */
const statuses: Record<DaemonState, number> = {
  running: 0,
  dead: 1,
  stopped: 3,
  starting: 4,
  unknown: 4,
};

/** Says it, and lets the process end with the status that says the same. */
export function showStatus(target: Target, found: DaemonStatus, asJson: boolean): void {
  process.exitCode = statuses[found.state];
  const text = asJson ? json(target, found) : sentence(target, found);
  try {
    // The stream of the console takes a fifth of the time that Node needs to start.
    write(`${text}\n`);
  } catch {
    // It cannot be written: the exit status tells the same.
  }
}

function json({ name, pidFile }: Target, { state, pid, reason }: DaemonStatus): string {
  const uptime = state === 'running' ? uptimeOf(pid) : undefined;
  return JSON.stringify({ name, state, pid, uptime, pidFile, reason });
}

/** That there is no daemon, where it was looked for, and where its last words may be. */
export function absence(target: Target, verb: 'is' | 'was'): string {
  const { name, label, pidFile } = target;
  const absent = `${label} ${verb} ${paint('dim', 'not running')}`;
  if (name === undefined) return absent;
  if (existsSync(pidFile)) return `${absent}: ${pidFile} is not locked${lastWords(target)}`;
  const found = lastWords(target);
  if (found === '') return `no daemon has the name ${name}: there is no ${pidFile}`;
  return `${absent}: there is no ${pidFile}${found}`;
}

function lastWords({ name }: Target): string {
  const log = name === undefined ? undefined : placesOf(name).log;
  return log !== undefined && existsSync(log) ? `; its log is ${log}` : '';
}

function sentence(target: Target, { state, pid, reason }: DaemonStatus): string {
  const { name, label, pidFile } = target;
  const colour = stateColours[state];
  switch (state) {
    case 'running':
      return `${label} is ${paint(colour, 'running')}, pid ${pid}, for ${inWords(uptimeOf(pid))}`;
    case 'starting':
      return `${label} is ${paint(colour, 'starting')}`;
    case 'dead':
      return [
        `${label} is ${paint(colour, 'dead')}: its process ${pid === undefined ? '' : `${pid} `}is gone,`,
        `its pid file ${name === undefined ? '' : `${pidFile} `}is still there${lastWords(target)}`,
      ].join(' ');
    case 'stopped':
      return absence(target, 'is');
    case 'unknown':
      // The reason begins with the path, or names it.
      return `${name === undefined ? '' : `${label}: `}its state is ${paint(colour, 'unknown')}: ${reason}`;
  }
}
