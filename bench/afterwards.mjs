/**
 * How fast a program is once it is a daemon, against the same program in the foreground.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';

import { run } from './run.mjs';
import { median, spread } from './statistics.mjs';
import { printTable } from './table.mjs';

/**
 * A work of programs/afterwards.cjs, and how the program becomes a daemon: before its first line, or by its own call
 * when its heap is filled.
 * @typedef {{title: string, args: readonly string[], by: 'early' | 'call', each?: string}} Work
 */

/** @type {readonly Work[]} */
const works = [
  { title: 'allocates', args: ['allocate'], by: 'early' },
  { title: 'compiles', args: ['compile'], by: 'early' },
  { title: 'allocates, by its own call with 500 MB', args: ['allocate', '500'], by: 'call' },
  { title: 'writes to 1 GB of heap it had before', args: ['touch', '1024'], by: 'call' },
  { title: 'child_process.spawn', args: ['spawn'], by: 'early' },
  { title: 'child_process.spawn, 1 GB of heap', args: ['spawn', '1024'], by: 'call' },
  { title: 'HTTP server, 10,000 requests', args: ['serve'], by: 'early' },
];

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {number} runs */
export async function measureAfterwards(root, env, runs) {
  const times = works.map(() => ({
    foreground: /** @type {number[]} */ ([]),
    daemon: /** @type {number[]} */ ([]),
  }));
  for (let round = 0; round < runs; round++)
    for (const [i, work] of works.entries()) {
      // In turns: what comes second may find a warmer processor.
      const sides = round % 2 === 0 ? ['foreground', 'daemon'] : ['daemon', 'foreground'];
      for (const side of /** @type {('foreground' | 'daemon')[]} */ (sides))
        times[i]?.[side].push(await measure(root, env, work, side === 'daemon'));
    }
  printTable(
    `A daemon against the same program in the foreground, ${runs} runs`,
    ['program', 'speed ÷ foreground', 'daemon ms', 'foreground ms'],
    works.map(({ title }, i) => {
      const { foreground = [], daemon = [] } = times[i] ?? {};
      const digits = title.startsWith('child_process') ? 3 : 1;
      return [
        title,
        (median(foreground) / median(daemon)).toFixed(3),
        spread(daemon, digits),
        spread(foreground, digits),
      ];
    }),
  );
}

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {Work} work @param {boolean} isDaemon */
async function measure(root, env, { args, by }, isDaemon) {
  const early = isDaemon && by === 'early';
  const words = [
    '--max-old-space-size=8192',
    ...(early ? ['--require', 'tsdaemon/early'] : []),
    ...['afterwards.cjs', ...args],
  ];
  const variables = {
    ...env,
    ...(early ? { TSDAEMON_STDOUT: 'inherit' } : {}),
    ...(isDaemon && !early ? { BENCH_DAEMON: 'call' } : {}),
  };
  if (args[0] === 'serve') return serve(root, words, variables);
  return Number((await run(root, process.execPath, words, variables)).output);
}

/** @param {string} root @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
async function serve(root, args, env) {
  const stdio = /** @type {const} */ (['ignore', 'pipe', 'inherit']);
  const server = spawn(process.execPath, args, { cwd: root, env, stdio });
  const [port] = await once(server.stdout.setEncoding('utf8'), 'data');
  const closed = once(server, 'close');
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const ask = (/** @type {string} */ path) => request(agent, Number(port), path);
  await volley(ask, 2000);
  const begin = performance.now();
  await volley(ask, 10_000);
  const took = performance.now() - begin;
  await ask('/end').catch(() => {});
  agent.destroy();
  await closed;
  return took;
}

/** @param {(path: string) => Promise<void>} ask @param {number} count */
async function volley(ask, count) {
  let left = count;
  const client = async () => {
    while (left-- > 0) await ask('/');
  };
  await Promise.all(Array.from({ length: 16 }, client));
}

/** @param {Agent} agent @param {number} port @param {string} path @returns {Promise<void>} */
function request(agent, port, path) {
  return new Promise((resolve, reject) => {
    get({ agent, port, path, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', resolve);
    }).once('error', reject);
  });
}
