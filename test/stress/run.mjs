import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deadlines } from '../helpers/deadlines.mjs';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { converse, endIt } from '../helpers/outside-client.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { keepFailure } from './failure.mjs';

/**
 * @typedef {{major: number, version: string, execPath: string}} Line
 * @typedef {import('../helpers/reaper.mjs').Reaped} Reaped
 */

/** The status with which every program says that it came to its end. */
export const wellDone = 17;

/**
 * One run with its own directory and deadline: nothing of it is left, and a failed one is kept for a look.
 *
 * @param {(dir: string, env: Record<string, string>) => Reaped} start
 * @param {(reaped: Reaped, dir: string, id: string) => Promise<void>} check
 */
export function run(start, check) {
  /** @param {string} dir @param {() => string} failureDirectory */
  return async (dir, failureDirectory) => {
    mkdirSync(dir, { recursive: true });
    const id = randomUUID();
    const env = { ...cleanEnvironment(), TEST_SCENE: id, TEST_DIR: dir };
    const begun = Date.now();
    const reaped = start(dir, env);
    /** @type {string | undefined} */
    let failure;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not done in ${deadlines.stressRun} ms`)),
        deadlines.stressRun,
      );
    });
    try {
      await Promise.race([check(reaped, dir, id), late]);
    } catch (error) {
      failure = await keepFailure({ error, reaped, dir, id, into: failureDirectory() });
    } finally {
      clearTimeout(timer);
      reaped.kill();
      await reaped.allEnded;
      rmSync(dir, { recursive: true, force: true });
    }
    return { failure, time: Date.now() - begun };
  };
}

/** The launcher ended with 0 and said nothing, the daemon ended as it does when all is well. @param {Reaped} reaped */
async function checkEnds({ started, ends, output, allEnded }) {
  await allEnded;
  const launcher = await started;
  const { stdout, stderr } = output;
  assert.deepEqual(
    { ...ends.get(launcher), stdout, stderr },
    { code: 0, signal: null, stdout: '', stderr: '' },
  );
  const others = [...ends].filter(([pid]) => pid !== launcher).map(([, end]) => end);
  assert.deepEqual(others, [{ code: wellDone, signal: null }]);
}

/** @param {Reaped} reaped @param {string} dir @param {string} name @returns {Promise<any>} */
export function report(reaped, dir, name) {
  const path = join(dir, `${name}.json`);
  const look = () => {
    // Looked up first: the last thing that a process does may be to write it.
    const over = reaped.isOver();
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
    if (over) throw new Error(`ended without the report "${name}"`);
  };
  return until(`the report "${name}"`, look, { deadline: deadlines.stressRun });
}

/** @param {string} root @param {Line} line @param {string} dir @param {() => string} failureDirectory */
export function earlyRun(root, line, dir, failureDirectory) {
  return run(
    (dir, env) =>
      reap(
        root,
        [line.execPath, '--require', 'tsdaemon/early', join('fixtures', 'stress-early.cjs')],
        {
          cwd: root,
          env: { ...env, TEST_ENTRY: 'early', TSDAEMON_LOG: join(dir, 'log') },
        },
      ),
    async (reaped, dir) => {
      const { problems } = await report(reaped, dir, 'stress');
      assert.deepEqual(problems, []);
      await checkEnds(reaped);
    },
  )(dir, failureDirectory);
}

/** @param {string} root @param {Line} line @param {string} dir @param {() => string} failureDirectory */
export function lateRun(root, line, dir, failureDirectory) {
  return run(
    (dir, env) =>
      reap(root, [line.execPath, join('fixtures', 'late.cjs')], {
        cwd: root,
        env: {
          ...env,
          TEST_ENTRY: 'daemonize',
          TEST_OPTIONS: JSON.stringify({ log: join(dir, 'log') }),
        },
      }),
    async (reaped, dir) => {
      const { port } = await report(reaped, dir, 'listening');
      await converse(port);
      const { done, problems } = await report(reaped, dir, 'late');
      assert.deepEqual(problems, []);
      const wrong = Object.entries(done).filter(([, times]) => times !== 1);
      assert.deepEqual(wrong, [], 'not completed exactly once');
      await endIt(port);
      await checkEnds(reaped);
    },
  )(dir, failureDirectory);
}
