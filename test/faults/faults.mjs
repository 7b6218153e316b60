// A fault at every system call of a start: each call of the launcher, of the session process and of the daemon fails
// with each errno that it may fail with, or is the end of its process. Whatever happens, the start ends in time, tells
// the truth, and leaves a whole daemon or nothing.
//
//   npm run faults -- [--lines 20,22] [--cases early,call] [--sample N] [--seed S] [--jobs K] [--only FAULT] [--verbose]
//
// --lines    Nodes (default: all that are installed)
// --cases    ways to start (default: all, see cases.mjs)
// --every    each call; without it, of calls that are alike the first, the middle and the last
// --seconds  no more starts after so long
// --sample   so many faults of each case and line, chosen by the seed (default: all of them)
// --jobs     starts at the same time (default 2)
// --only     one fault, as it is named in the output: ROLE:CALL:NTH:ACTION; or several, by a pattern: "daemon:*:kill"
// --verbose  every fault and what came of it
import { parseArgs } from 'node:util';
import { nodeLines } from '../../scripts/node-lines.mjs';
import { Campaign } from './campaign.mjs';
import { cases } from './cases.mjs';

const { values } = parseArgs({
  options: {
    lines: { type: 'string' },
    cases: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string' },
    every: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

/** @template T @param {string | undefined} list @param {T[]} all @param {(one: T) => string} name @returns {T[]} */
function chosen(list, all, name) {
  if (list === undefined) return all;
  return list.split(',').map((wanted) => {
    const found = all.find((one) => name(one) === wanted);
    if (found === undefined)
      throw new Error(`${wanted} is none of ${all.map((one) => name(one)).join(', ')}`);
    return found;
  });
}

/** @param {string | undefined} value */
const number = (value) => {
  const found = value === undefined ? undefined : Number(value);
  if (Number.isNaN(found)) throw new Error(`${value} is no number`);
  return found;
};

const lines = chosen(values.lines, nodeLines(), ({ major }) => String(major));
const starts = chosen(values.cases, cases, ({ name }) => name);
const campaign = new Campaign({
  jobs: number(values.jobs) ?? 1,
  sample: number(values.sample),
  seed: number(values.seed) ?? 1,
  seconds: number(values.seconds),
  every: values.every,
  only: values.only,
  verbose: values.verbose,
});
try {
  for (const line of lines) for (const start of starts) await campaign.run(line, start);
} finally {
  campaign.end();
}
campaign.print();
process.exitCode = campaign.failures.length > 0 ? 1 : 0;
