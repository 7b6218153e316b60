// Makes daemons by the thousand while more processes than the machine has cores keep it busy, and shows where each
// thread of a failed one stood.
//
//   npm run stress -- [--early N] [--late N] [--lines 20,22] [--busy K] [--jobs J] [--keep DIRECTORY]
//
// --early, --late  runs a Node line: of a program started with the preload (default 300), and of a server at work that
//                  calls daemonize() (default 60)
// --busy           spinning processes beside them (default: two more than cores)
// --jobs           runs at the same time (default: one more than cores)
// --keep           where what is known of a failed run goes (default: a new directory in the temporary one)
import { mkdirSync, mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeLines } from '../../scripts/node-lines.mjs';
import { install } from '../helpers/install.mjs';
import { keepBusy } from './busy.mjs';
import { earlyRun, lateRun } from './run.mjs';
import { Tally } from './tally.mjs';

const { values } = parseArgs({
  options: {
    early: { type: 'string', default: '300' },
    late: { type: 'string', default: '60' },
    lines: { type: 'string' },
    busy: { type: 'string', default: String(availableParallelism() + 2) },
    jobs: { type: 'string', default: String(availableParallelism() + 1) },
    keep: { type: 'string' },
  },
});

/** @param {'early' | 'late' | 'busy' | 'jobs'} name */
function count(name) {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${name} is to be a number of times, not ${values[name]}`);
  return number;
}

const wanted = values.lines?.split(',').map(Number);
const lines = nodeLines().filter(({ major }) => wanted === undefined || wanted.includes(major));
if (lines.length === 0) throw new Error(`--lines ${values.lines} names no Node that is installed`);

/** Every run, the lines in turn, so that a table of half the runs already says something of each. */
function* schedule() {
  const early = count('early');
  const late = count('late');
  for (let n = 0; n < Math.max(early, late); n++) {
    for (const line of lines) {
      if (n < early) yield { kind: 'early', line, n, run: earlyRun };
      if (n < late) yield { kind: 'late', line, n, run: lateRun };
    }
  }
}

const { root, remove } = install();
const stopBusy = await keepBusy(root, count('busy'));
const tally = new Tally();
let keep = values.keep;

/** Made when the first run fails. */
function failureDirectory() {
  keep ??= mkdtempSync(join(tmpdir(), 'tsdaemon-stress-'));
  mkdirSync(keep, { recursive: true });
  return keep;
}

const runs = schedule();
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});

async function job() {
  for (const { kind, line, n, run } of runs) {
    if (interrupted) return;
    const outcome = await run(
      root,
      line,
      join(root, 'runs', `${kind}-${line.major}-${n}`),
      failureDirectory,
    );
    tally.add(kind, line, outcome);
  }
}

try {
  await Promise.all(Array.from({ length: count('jobs') }, job));
} finally {
  await stopBusy();
  remove();
}
tally.print();
process.exitCode = tally.failed > 0 || interrupted ? 1 : 0;
