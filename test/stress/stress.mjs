// Makes daemons by the thousand while more processes than the machine has cores keep it busy, and shows where each
// thread of a failed one stood.
//
//   npm run stress -- [--early N] [--late N] [--lines 20,22] [--busy K] [--jobs J] [--deadline SECONDS]
//                    [--keep DIRECTORY]
//
// --early, --late  runs a Node line: of a program started with the preload (default 300), and of a server at work that
//                  calls daemonize() (default 60)
// --busy           spinning processes beside them (default: two more than cores)
// --jobs           runs at the same time (default: one more than cores)
// --deadline       of each run (default 120)
// --keep           where what is known of a failed run goes (default: a new directory in the temporary one)
// --json           a file for the table
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deadlines } from '../helpers/deadlines.mjs';
import { install } from '../helpers/install.mjs';
import { countOf, linesOf } from './arguments.mjs';
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
    deadline: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'string' },
  },
});

const count = countOf(values);
const lines = linesOf(values.lines);
if (values.deadline !== undefined) deadlines.stressRun = 1000 * count('deadline');

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

const { root, remove } = install(['reaper']);
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
if (values.json) writeFileSync(values.json, JSON.stringify(tally.rows()));
process.exitCode = tally.failed > 0 || interrupted ? 1 : 0;
