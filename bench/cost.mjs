/**
 * What daemonize() does with its time, beside the classic double fork of a C program of equal memory.
 */
import { join } from 'node:path';

import { run } from './run.mjs';
import { median, spread } from './statistics.mjs';
import { printTable } from './table.mjs';

/** @typedef {{kind: string, megabytes: number, pool: number}} Case */
/** @typedef {{begin: number, end: number, anonymous: number, threads: number, timeline: Record<string, number>}} Told */
/** @typedef {{ours: number, theirs: number, prompt: number, theirPrompt: number, told: Told}} Sample */

/** Of libuv's pool, unless it is told otherwise. */
const pool = 4;
const sizes = [100, 512, 1024, 2048];

/** @type {Case[]} */
const cases = [
  { kind: 'heap', megabytes: 0, pool },
  ...[21, 43, 93].map((more) => ({ kind: 'heap', megabytes: 0, pool: more })),
  ...['heap', 'buffers'].flatMap((kind) => sizes.map((megabytes) => ({ kind, megabytes, pool }))),
  { kind: 'heap', megabytes: 1024, pool: 93 },
];

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {number} runs */
export async function measureCost(root, env, runs) {
  /** @type {Map<Case, Sample[]>} */
  const samples = new Map(cases.map((one) => [one, []]));
  for (let round = 0; round < runs; round++)
    for (const [one, list] of samples) list.push(await sample(root, env, one));
  print(samples, runs);
}

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {Case} one @returns {Promise<Sample>} */
async function sample(root, env, { kind, megabytes, pool }) {
  const flags = ['--expose-gc', '--max-old-space-size=8192'];
  const args = [...flags, 'cost.cjs', kind, String(megabytes)];
  const ours = await run(root, process.execPath, args, {
    ...env,
    UV_THREADPOOL_SIZE: String(pool),
  });
  /** @type {Told} */
  const told = JSON.parse(ours.output);
  const theirs = await run(root, join(root, 'double-fork'), [String(told.anonymous)], env);
  const { begin, end } = JSON.parse(theirs.output);
  return {
    ours: told.end - told.begin,
    theirs: end - begin,
    prompt: ours.ended - told.begin,
    theirPrompt: theirs.ended - begin,
    told,
  };
}

/** In the order of the native side. @param {Told} told @returns {Record<string, number>} */
function partsOf({ begin, end, timeline }) {
  /** @type {Record<string, number>} */
  const parts = {};
  let last = begin;
  for (const [name, at] of Object.entries({ ...timeline, return: end })) {
    parts[name] = at - last;
    last = at;
  }
  return parts;
}

/** @param {Map<Case, Sample[]>} samples @param {number} runs */
function print(samples, runs) {
  const [first = []] = samples.values();
  const names = first[0] === undefined ? [] : Object.keys(partsOf(first[0].told));
  const label = (/** @type {Case} */ { kind, megabytes }) =>
    megabytes === 0 ? 'nothing' : `${megabytes} MB of ${kind}`;
  const threads = (/** @type {Sample[]} */ list) =>
    String(median(list.map(({ told }) => told.threads)));

  printTable(
    `daemonize(), beside the classic double fork in C with as much memory, ${runs} runs`,
    [
      'memory',
      'threads',
      'daemonize() ÷ C',
      'daemonize() − C ms',
      'prompt ÷ C',
      'daemonize() ms',
      'C ms',
      'prompt ms',
      'C prompt ms',
    ],
    [...samples].map(([one, list]) => [
      label(one),
      threads(list),
      (median(list.map(({ ours }) => ours)) / median(list.map(({ theirs }) => theirs))).toFixed(2),
      (median(list.map(({ ours }) => ours)) - median(list.map(({ theirs }) => theirs))).toFixed(1),
      (
        median(list.map(({ prompt }) => prompt)) /
        median(list.map(({ theirPrompt }) => theirPrompt))
      ).toFixed(2),
      spread(list.map(({ ours }) => ours)),
      spread(list.map(({ theirs }) => theirs)),
      spread(list.map(({ prompt }) => prompt)),
      spread(list.map(({ theirPrompt }) => theirPrompt)),
    ]),
  );
  printTable(
    'The parts of it, ms',
    ['memory', 'threads', ...names],
    [...samples].map(([one, list]) => [
      label(one),
      threads(list),
      ...names.map((name) => median(list.map(({ told }) => partsOf(told)[name] ?? 0)).toFixed(2)),
    ]),
  );
}
