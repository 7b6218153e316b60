import { writeSync } from 'node:fs';

import type { DaemonState, DaemonStatus } from '../status.js';
import { paint, stateColours } from './output.js';
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
    writeSync(1, `${text}\n`);
  } catch {
    // Nobody reads it: the exit status tells the same.
  }
}

function json({ name, pidFile }: Target, { state, pid, reason }: DaemonStatus): string {
  const uptime = state === 'running' ? uptimeOf(pid) : undefined;
  return JSON.stringify({ name, state, pid, uptime, pidFile, reason });
}

function sentence({ label }: Target, { state, pid, reason }: DaemonStatus): string {
  const colour = stateColours[state];
  switch (state) {
    case 'running':
      return `${label} is ${paint(colour, 'running')}, pid ${pid}, for ${inWords(uptimeOf(pid))}`;
    case 'starting':
      return `${label} is ${paint(colour, 'starting')}`;
    case 'dead':
      return `${label} is ${paint(colour, 'dead')}: its process ${pid ?? ''} has left the pid file`;
    case 'stopped':
      return `${label} is ${paint(colour, 'not running')}`;
    case 'unknown':
      return `${label} is in an ${paint(colour, 'unknown')} state: ${reason}`;
  }
}
