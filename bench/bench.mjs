// What a start costs, by us and by others; what daemonize() does with its time; and how fast a daemon is:
//
//   npm run bench -- [--runs N] [--only NAME,...]
//
// --runs  of each candidate, interleaved (default 20)
// --only  some of the tables: starts, preload, cost, afterwards; or some of the candidates of starts, by a part of their names
//
// Figures are medians, with the quartiles in brackets.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

import { cleanEnvironment } from '../test/helpers/environment.mjs';
import { measureAfterwards } from './afterwards.mjs';
import { measureCost } from './cost.mjs';
import { installPeers, makePlace } from './place.mjs';
import { measurePreload } from './preload.mjs';
import { measureStarts } from './starts.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, only: { type: 'string' } },
});

/** @type {Record<string, (root: string, env: NodeJS.ProcessEnv, runs: number, names: string[]) => Promise<void>>} */
const tables = {
  starts: measureStarts,
  preload: measurePreload,
  cost: measureCost,
  afterwards: measureAfterwards,
};

const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs is to be a positive number, not ${values.runs}`);
const only = values.only?.split(',') ?? Object.keys(tables);
const isTable = (/** @type {string} */ name) => Object.hasOwn(tables, name);
const names = only.filter((name) => !isTable(name));
const wanted = Object.keys(tables).filter(
  (name) => only.includes(name) || (name === 'starts' && names.length > 0),
);

const { root, remove } = makePlace();
try {
  if (wanted.includes('starts')) installPeers(root);
  console.log(machine());
  for (const name of wanted) await tables[name]?.(root, cleanEnvironment(), runs, names);
  console.log(`\nLoad average at the end: ${loadavg()[0]?.toFixed(2)}`);
} finally {
  remove();
}

function machine() {
  const model = cpus()[0]?.model.trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, Linux ${release()},`,
    `${cpus().length} × ${model}, ${memory} GB, load average ${loadavg()[0]?.toFixed(2)}`,
  ].join(' ');
}
