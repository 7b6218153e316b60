// Programs of many kinds become daemons at random moments of their work, while more processes than the machine has cores
// keep it busy; each checks its own results, and is looked at from outside.
//
//   npm run chaos -- [--count N] [--time SECONDS] [--lines 20,22] [--kinds http,workers] [--seed S]
//                    [--busy K] [--jobs J] [--keep DIRECTORY] [--packages DIRECTORY]
//
// --count  runs of each kind on each Node line (default 10)
// --time   no run is begun after so many seconds (default: all are)
// --kinds  those of kinds.mjs (default: all)
// --seed   of the first run of each; the n-th after it has the seed S + n (default: drawn). To do a run again:
//          --seed its own --count 1
// --busy   spinning processes beside them (default: one more than cores)
// --jobs   runs at the same time (default: two more than cores)
// --keep   where what is known of a failed run goes (default: a new directory in the temporary one)
// --packages  where what the programs use from npm is installed and built; what is there is used again (default: a
//          temporary directory)
import { mkdirSync, mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../helpers/install.mjs';
import { countOf, linesOf } from '../stress/arguments.mjs';
import { keepBusy } from '../stress/busy.mjs';
import { Tally } from '../stress/tally.mjs';
import { kinds } from './kinds.mjs';
import { buildSqlite, installPackages } from './packages.mjs';
import { chaosRun } from './run.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10' },
    time: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
    lines: { type: 'string' },
    kinds: { type: 'string', default: Object.keys(kinds).join() },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6) * 1000) },
    busy: { type: 'string', default: String(availableParallelism() + 1) },
    jobs: { type: 'string', default: String(availableParallelism() + 2) },
    keep: { type: 'string' },
    packages: { type: 'string' },
  },
});
const count = countOf(values);
const lines = linesOf(values.lines);
const wanted = values.kinds.split(',').map((name) => {
  const kind = kinds[name];
  if (kind === undefined)
    throw new Error(`--kinds ${name} is none of ${Object.keys(kinds).join(', ')}`);
  return { name, kind };
});

/** Every run, kinds and lines in turn, so that the table says something of each at any time. */
function* schedule() {
  for (let n = 0; n < count('count'); n++)
    for (const { name, kind } of wanted)
      for (const line of lines) yield { name, kind, line, n, seed: count('seed') + n };
}

const { root, remove } = install();
/** @type {Map<number, string>} */
const sqlite = new Map();
const tally = new Tally();
let keep = values.keep;
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});

/** Made when the first run fails. */
function failureDirectory() {
  keep ??= mkdtempSync(join(tmpdir(), 'tsdaemon-chaos-'));
  mkdirSync(keep, { recursive: true });
  return keep;
}

const runs = schedule();

/** @param {number} end */
async function job(end) {
  for (const { name, kind, line, n, seed } of runs) {
    if (interrupted || Date.now() > end) return;
    const dir = join(root, 'runs', `${name}-${line.major}-${n}`);
    const built = kind.sqlite ? sqlite.get(line.major) : undefined;
    const chosen = { root, line, kind, seed, sqlite: built, dir, failureDirectory };
    const outcome = await chaosRun(chosen);
    tally.add(name, line, outcome, `seed ${seed}`);
  }
}

try {
  const home = values.packages ?? join(root, 'packages');
  if (wanted.some(({ kind }) => kind.packages)) installPackages(root, resolve(home));
  if (wanted.some(({ kind }) => kind.sqlite))
    for (const line of lines) sqlite.set(line.major, buildSqlite(resolve(home), line));
  console.log(`seed ${count('seed')}, Node ${lines.map(({ version }) => version).join(', ')}`);
  const stopBusy = await keepBusy(root, count('busy'));
  const end = Date.now() + count('time') * 1000;
  try {
    await Promise.all(Array.from({ length: count('jobs') }, () => job(end)));
  } finally {
    await stopBusy();
  }
} finally {
  remove();
}
tally.print();
process.exitCode = tally.failed > 0 || interrupted ? 1 : 0;
