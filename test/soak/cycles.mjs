import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { processesWith } from '../helpers/proc.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { figuresOf, median } from './figures.mjs';

/**
 * Daemons of one pid file and one log for each job, started, ready and ended one after the other, for as many times; by
 * the preload and by the command.
 *
 * @param {string} root @param {import('../stress/run.mjs').Line[]} lines @param {number} times @param {number} atOnce
 */
export async function soakCycles(root, lines, times, atOnce) {
  const id = randomUUID();
  const begun = performance.now();
  /** @type {number[]} */
  const durations = [];
  /** @type {Record<string, number>[]} */
  const samples = [];
  /** @type {string[]} */
  const problems = [];
  let next = 0;
  const jobs = Array.from({ length: atOnce }, async (_, job) => {
    const dir = join(root, 'runs', `cycles-${job}`);
    mkdirSync(dir, { recursive: true });
    while (next < times) {
      const n = next++;
      const line = lines[n % lines.length];
      if (line === undefined) throw new Error('no Node');
      try {
        durations.push(await cycle(root, dir, id, line, n));
      } catch (error) {
        problems.push(`cycle ${n} on Node ${line.version}: ${error}`);
      }
      if (n % Math.max(1, Math.floor(times / 100)) === 0) samples.push(figuresOf(process.pid));
      if ((n + 1) % 500 === 0)
        console.log(`${n + 1} cycles in ${secondsSince(begun)} s, ${problems.length} failed`);
    }
    const left = readdirSync(dir).filter((name) => name !== 'log');
    if (left.length > 0) problems.push(`files are left: ${left}`);
  });
  await Promise.all(jobs);
  for (const { pid } of processesWith('TEST_SCENE', id))
    problems.push(`the process ${pid} is left`);

  const tenth = Math.max(1, Math.floor(durations.length / 10));
  const [first, last] = [durations.slice(0, tenth), durations.slice(-tenth)].map(median);
  const did = { cycles: times, failed: problems.length, seconds: secondsSince(begun) };
  return {
    problems,
    did: { ...did, 'median ms of the first tenth': first, 'and of the last': last },
    // Of who starts them all, and has several at any time: it is no judge of its own.
    table: { 'at the start': samples[0] ?? {}, 'at the end': samples.at(-1) ?? {} },
  };
}

/** @param {number} begun */
function secondsSince(begun) {
  return Math.round((performance.now() - begun) / 1000);
}

/** @param {string} root @param {string} dir @param {string} id @param {import('../stress/run.mjs').Line} line @param {number} n */
async function cycle(root, dir, id, line, n) {
  const pidFile = join(dir, 'pid');
  const env = {
    ...cleanEnvironment(),
    TEST_SCENE: id,
    TSDAEMON_PID_FILE: pidFile,
    TSDAEMON_LOG: join(dir, 'log'),
    TSDAEMON_READY: 'listening',
  };
  const program = join('fixtures', 'soak', 'brief.cjs');
  const start =
    Math.floor(n / 4) % 2 === 0
      ? ['--require', 'tsdaemon/early', program]
      : [join('node_modules', 'tsdaemon', 'dist', 'cli.js'), 'start', program];
  const begun = performance.now();
  const reaped = reap(root, [line.execPath, ...start], { cwd: root, env });
  try {
    const launcher = await reaped.started;
    await until('the end of the launcher', () => reaped.ends.has(launcher));
    const { stdout, stderr } = reaped.output;
    assert.deepEqual(
      { ...reaped.ends.get(launcher), stderr },
      { code: 0, signal: null, stderr: '' },
    );
    assert.equal(stdout, '');
    const daemon = Number(readFileSync(pidFile, 'utf8'));
    process.kill(daemon, 'SIGTERM');
    await until('the end of all', () => reaped.isOver());
    assert.deepEqual(
      [...reaped.ends],
      [
        [launcher, { code: 0, signal: null }],
        [daemon, { code: null, signal: 'SIGTERM' }],
      ],
    );
    assert.equal(existsSync(pidFile), false);
    return performance.now() - begun;
  } finally {
    reaped.kill();
    await reaped.allEnded;
  }
}
