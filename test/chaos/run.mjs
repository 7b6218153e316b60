import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { isAlive, processesWith, stat } from '../helpers/proc.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { report, run, wellDone } from '../stress/run.mjs';

const { randomBy } = createRequire(import.meta.url)('../fixtures/lib/random.cjs');

/**
 * @typedef {import('../stress/run.mjs').Line} Line
 * @typedef {import('../helpers/reaper.mjs').Reaped} Reaped
 */

/** Of so many runs one is by the preload: there is no moment to choose. */
const preloads = 8;

/**
 * One run of a kind: the same for the same seed, as far as the machine lets it.
 *
 * @param {{
 *   root: string, line: Line, kind: import('./kinds.mjs').Kind, seed: number, sqlite?: string, dir: string,
 *   failureDirectory: () => string,
 * }} chosen
 */
export async function chaosRun({ root, line, kind, seed, sqlite, dir, failureDirectory }) {
  const random = randomBy(seed ^ 0x5eed);
  const early = !kind.callOnly && random() < 1 / preloads;
  const byExit = kind.byExit || random() < 0.5;
  const beside = await kind.beside?.();
  const pidFile = join(dir, 'pid');
  const log = join(dir, 'log');

  /** @param {string} at @param {Record<string, string>} env */
  const start = (at, env) =>
    reap(
      root,
      [
        line.execPath,
        ...(early ? ['--require', 'tsdaemon/early'] : []),
        ...(kind.nodeArgs?.(at) ?? []),
        join('fixtures', 'chaos', kind.program),
      ],
      {
        cwd: root,
        env: {
          ...cleanEnvironment(),
          ...env,
          ...kind.env,
          ...beside?.env,
          ...(sqlite === undefined ? {} : { TEST_BETTER_SQLITE3: sqlite }),
          TEST_SEED: String(seed),
          ...(early
            ? {
                TEST_ENTRY: 'early',
                TSDAEMON_LOG: log,
                TSDAEMON_PID_FILE: pidFile,
                TSDAEMON_STRATEGY: 'fork',
              }
            : {
                TEST_ENTRY: 'daemonize',
                TEST_OPTIONS: JSON.stringify({ log, pidFile, strategy: 'fork' }),
              }),
        },
      },
    );

  /** @param {Reaped} reaped @param {string} _at @param {string} id */
  const check = async (reaped, _at, id) => {
    let over = false;
    const talk = kind.outside;
    const talking =
      talk &&
      report(reaped, dir, 'listening').then((told) =>
        talk({ told, random, require: createRequire(join(root, 'here')), over: () => over }),
      );
    const failed = new Promise((_, reject) => talking?.catch(reject));
    const whole = (async () => {
      const told = await report(reaped, dir, 'chaos');
      over = true;
      return told;
    })();
    const told = await Promise.race([whole, failed]);
    await talking;
    beside?.check();
    assert.deepEqual(told.problems, []);
    await checkStanding(kind, reaped, told, { early, pidFile, id });
    process.kill(told.pid, byExit ? 'SIGUSR2' : 'SIGTERM');
    await reaped.allEnded;
    checkEnded(kind, reaped, told, { byExit, pidFile, log });
    kind.after?.(dir);
  };

  try {
    return await run(start, check)(dir, failureDirectory);
  } finally {
    beside?.close();
  }
}

/**
 * While the daemon stands: the launcher has ended well and nothing of it is held, and nobody else is there.
 *
 * @param {import('./kinds.mjs').Kind} kind @param {Reaped} reaped @param {{pid: number, launcher: number}} told
 * @param {{early: boolean, pidFile: string, id: string}} run
 */
async function checkStanding({ children = 0, said }, reaped, told, { early, pidFile, id }) {
  const { pid } = told;
  const launcher = await reaped.started;
  await until('the end of the launcher', () => reaped.ends.get(launcher));
  // A child that the program has begun before holds its stderr.
  if (children === 0) await until("the launcher's output to be let go", () => reaped.output.closed);
  const { stdout, stderr } = reaped.output;
  assert.deepEqual(
    { ...reaped.ends.get(launcher), stdout, stderr: strange(stderr, said) },
    { code: 0, signal: null, stdout: '', stderr: [] },
  );
  assert.ok(isAlive(pid) && pid !== launcher, 'the daemon is the launcher');
  if (!early) assert.equal(told.launcher, launcher);
  const [mine, its] = [stat(process.pid), stat(pid)];
  assert.deepEqual([its?.tty, its?.session !== mine?.session], [0, true], 'of the same session');
  assert.equal(readFileSync(pidFile, 'utf8'), `${pid}\n`);
  // The reaper is its parent.
  const others = () =>
    processesWith('TEST_SCENE', id).filter((one) => ![pid, its?.ppid].includes(one.pid));
  await until('the daemon to be alone', () => others().length <= children);
}

/**
 * When it was told to end: so it did, and left nothing.
 *
 * @param {import('./kinds.mjs').Kind} kind @param {Reaped} reaped @param {{pid: number}} told
 * @param {{byExit: boolean, pidFile: string, log: string}} run
 */
function checkEnded({ children = 0, written }, { ends }, { pid }, { byExit, pidFile, log }) {
  const expected = byExit ? { code: wellDone, signal: null } : { code: null, signal: 'SIGTERM' };
  assert.deepEqual(ends.get(pid), expected);
  assert.ok(ends.size <= 2 + children, `ended: ${JSON.stringify([...ends])}`);
  assert.equal(existsSync(pidFile), false);
  assert.deepEqual(strange(readFileSync(log, 'utf8'), written), []);
}

/** The lines of a text that nobody expected. @param {string} text @param {RegExp | undefined} expected */
function strange(text, expected) {
  return text.split('\n').filter((line) => line !== '' && !expected?.test(line));
}
