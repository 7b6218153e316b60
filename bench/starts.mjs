/**
 * How long it takes until the shell has its prompt back, and until the server in the background answers.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { candidates, typed } from './candidates.mjs';
import { median, spread } from './statistics.mjs';
import { printTable } from './table.mjs';

/** @typedef {{prompt: number, answer: number, ready: boolean, cpu: number, pss: number, left: number}} Start */
/** @typedef {import('./candidates.mjs').Candidate} Candidate */

const programs = { 'bare HTTP server': 'bare.cjs', 'typescript loaded first': 'heavy.cjs' };

let count = 0;

/**
 * @param {string} root @param {NodeJS.ProcessEnv} env @param {number} runs
 * @param {readonly string[]} names parts of the names of the candidates, beside the first; empty: all
 */
export async function measureStarts(root, env, runs, names) {
  const isWanted = (/** @type {Candidate} */ { name }) => names.some((part) => name.includes(part));
  const all = candidates().filter((one, i) => i === 0 || names.length === 0 || isWanted(one));
  for (const { name, missing } of all) if (missing) console.log(`${name} is left out: ${missing}`);
  const there = all.filter(({ missing }) => missing === undefined);
  for (const [title, program] of Object.entries(programs)) {
    /** @type {Map<Candidate, Start[]>} */
    const starts = new Map(there.map((candidate) => [candidate, []]));
    // The first round fills the caches.
    for (let round = 0; round <= runs; round++)
      for (const [candidate, list] of starts) {
        const start = await startOnce(root, env, candidate, program);
        if (round > 0) list.push(start);
      }
    print(`${title}, ${runs} runs`, starts);
  }
}

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {Candidate} candidate @param {string} program */
async function startOnce(root, env, candidate, program) {
  const port = await freePort();
  const fresh = join(root, `new-${count++}`);
  const args = [candidate.before ?? '', candidate.command].map((command) =>
    typed(command, root, program, fresh),
  );
  const { stdout } = await promisify(execFile)(join(root, 'stopwatch'), [String(port), ...args], {
    cwd: root,
    env: { ...env, PORT: String(port) },
  });
  const [prompt, answer, ready, cpu, pss, left] = JSON.parse(stdout);
  return { prompt, answer, ready, cpu, pss, left };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {string} title @param {Map<Candidate, Start[]>} starts */
function print(title, starts) {
  const [floor = []] = starts.values();
  const spawned = [...starts].filter(([{ kind }]) => kind === 'spawn');
  const bestPeer = Math.min(...spawned.map(([, list]) => median(list.map((one) => one.answer))));
  /** @param {Start[]} list @param {'answer' | 'cpu' | 'pss'} figure */
  const ratio = (list, figure) =>
    (median(list.map((one) => one[figure])) / median(floor.map((one) => one[figure]))).toFixed(2);
  const rows = [...starts].map(([{ name }, list]) => [
    name,
    ratio(list, 'answer'),
    spawned.length === 0 ? '' : (median(list.map(({ answer }) => answer)) / bestPeer).toFixed(2),
    ratio(list, 'cpu'),
    ratio(list, 'pss'),
    spread(list.map(({ prompt }) => prompt)),
    spread(list.map(({ answer }) => answer)),
    `${list.filter(({ ready }) => ready).length}/${list.length}`,
    spread(list.map(({ cpu }) => cpu)),
    spread(list.map(({ pss }) => pss / 1024)),
    String(median(list.map(({ left }) => left))),
  ]);
  printTable(
    title,
    [
      'started by',
      'first answer ÷ `node app.js &`',
      '÷ best spawning package',
      'CPU ÷',
      'PSS ÷',
      'prompt ms',
      'first answer ms',
      'ready at prompt',
      'CPU ms',
      'PSS MB',
      'processes left',
    ],
    rows,
  );
}
