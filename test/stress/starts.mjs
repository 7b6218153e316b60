// What happens when daemons of one pid file are started, stopped and killed at the same time, for longer than the
// tests do it.
//
//   npm run stress:starts -- [--rounds N] [--at-once K] [--storm SECONDS] [--kills N] [--lines 20,22]
//
// --rounds   rounds of starts at once (default 50), of which each has to make exactly one daemon
// --at-once  starts of a round (default 200)
// --storm    seconds in which starts, stops, kills and looks go on side by side (default 60)
// --kills    launchers killed at random moments of their start and of their fork (default 400)
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crowd, strangers } from '../helpers/crowd.mjs';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { install } from '../helpers/install.mjs';
import { processesWith, stat } from '../helpers/proc.mjs';
import { until } from '../helpers/until.mjs';
import { countOf, linesOf } from './arguments.mjs';
import { command } from './command.mjs';
import { killLauncher } from './killed.mjs';
import { outcome, storm } from './storm.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '200' },
    storm: { type: 'string', default: '60' },
    kills: { type: 'string', default: '400' },
    lines: { type: 'string' },
  },
});

const count = countOf(values);
const lines = linesOf(values.lines);
const entries = /** @type {const} */ (['early', 'daemonize']);
const starts = lines.flatMap((line) => entries.map((entry) => ({ line, entry })));

/** One of the starts, in turn. @param {number} number */
function startOf(number) {
  const start = starts[number % starts.length];
  if (start === undefined) throw new Error('no Node');
  return start;
}

const { root, remove } = install();
const id = randomUUID();
const failures = [];

/** @param {string} name */
function directory(name) {
  const dir = join(root, 'runs', name);
  mkdirSync(dir, { recursive: true });
  return dir;
}

const left = () => processesWith('TEST_SCENE', id);

/** @param {number} pid @param {NodeJS.Signals} signal */
async function end(pid, signal) {
  process.kill(pid, signal);
  await until(`the end of ${pid}`, () => left().length === 0);
}

/** Exactly one daemon, after each of which another thing is left behind. @param {string} dir @param {number} number */
async function round(dir, number) {
  rmSync(join(dir, 'up.json'), { force: true });
  const nodeArgs = ['--require', './fixtures/gate.cjs'];
  const commands = Array.from({ length: count('at-once') }, (_, at) =>
    command({ ...startOf(at), program: 'one-daemon.cjs', dir, id, nodeArgs }),
  );
  const ends = await crowd(root, dir, commands);
  const { pid } = await until('the daemon', () => {
    const path = join(dir, 'up.json');
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8'));
  });
  assert.deepEqual(strangers(ends, pid), []);
  assert.equal(ends.filter(({ code }) => code === 3).length, commands.length - 1);
  assert.equal(readFileSync(join(dir, 'pid'), 'utf8'), `${pid}\n`);
  assert.deepEqual(
    left().map((process) => process.pid),
    [pid],
  );
  const kills = number % 2 === 1;
  await end(pid, kills ? 'SIGKILL' : 'SIGTERM');
  assert.equal(existsSync(join(dir, 'pid')), kills);
}

async function rounds() {
  const dir = directory('rounds');
  const begun = Date.now();
  for (let number = 0; number < count('rounds'); number++) {
    await attempt(`round ${number}`, () => round(dir, number));
    if (number % 10 === 9)
      console.log(`${number + 1} rounds in ${seconds(begun)} s, ${failures.length} failed`);
  }
}

async function storms() {
  if (count('storm') === 0) return;
  const dir = directory('storm');
  const commands = starts.map((start) =>
    command({ ...start, program: 'storm-daemon.cjs', dir, id }),
  );
  const env = { ...cleanEnvironment(), TEST_SCENE: id, TEST_DIR: dir };
  const reaped = storm({ root, dir, env, seconds: count('storm'), commands });
  const deadline = count('storm') * 1000 + 120_000;
  await attempt('storm', async () => {
    await until('the end of the storm and of all that came of it', () => reaped.isOver(), {
      deadline,
      diagnose: () => JSON.stringify(outcome(dir, reaped), null, 2),
    });
    const { problems, figures } = outcome(dir, reaped);
    console.table(figures);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    assert.deepEqual(left(), []);
  });
}

async function kills() {
  const dir = directory('kills');
  const tally = {
    'after the start': { kills: 0, nothing: 0, 'a daemon': 0 },
    'after the fork': { kills: 0, nothing: 0, 'a daemon': 0 },
  };
  /** @type {Map<number, number>} */
  const durations = new Map();
  for (let number = 0; number < count('kills'); number++) {
    const at = number % starts.length;
    const after = Math.floor(number / starts.length) % 2 === 0 ? 'start' : 'fork';
    await attempt(`kill ${number}`, async () => {
      const start = { root, dir, ...command({ ...startOf(at), program: 'complete.cjs', dir, id }) };
      const whole = durations.get(at) ?? (await killLauncher(start, undefined)).duration;
      durations.set(at, whole);
      const { left } = await killLauncher(start, {
        after,
        delay: Math.random() * (after === 'start' ? whole : 10),
      });
      const row = tally[`after the ${after}`];
      row.kills++;
      row[left]++;
    });
  }
  console.table(tally);
}

/** A failure is kept and told, and the rest goes on. @param {string} name @param {() => Promise<void>} act */
async function attempt(name, act) {
  try {
    await act();
  } catch (error) {
    failures.push(name);
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    await endAll();
  }
}

async function endAll() {
  await until('the end of what was killed', () => {
    const found = left();
    // The start time makes sure that the id was not given to a stranger since it was found.
    for (const { pid, startTime } of found)
      if (stat(pid)?.startTime === startTime) process.kill(pid, 'SIGKILL');
    return found.length === 0;
  });
}

/** @param {number} since */
const seconds = (since) => Math.round((Date.now() - since) / 1000);

const begun = Date.now();
try {
  await rounds();
  await storms();
  await kills();
} finally {
  await endAll();
  remove();
}
console.log(
  `in ${seconds(begun)} s, ${failures.length} failed${failures.length > 0 ? `: ${failures.join(', ')}` : ''}`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
