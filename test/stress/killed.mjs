import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { descriptors } from '../helpers/proc.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';

/**
 * When the launcher is killed: a while after it was started, or after it has forked. In milliseconds.
 * @typedef {{after: 'start' | 'fork', delay: number}} Moment
 */

/**
 * Starts fixtures/complete.cjs with the pid file "pid" in `dir`, kills its launcher at a moment of the start, and makes
 * sure that either nothing is left, but perhaps the pid file, or a whole daemon, which is then ended.
 *
 * @param {{root: string, dir: string, argv: string[], env: Record<string, string>}} start
 * @param {Moment | undefined} moment
 * @returns {Promise<{left: 'nothing' | 'a daemon', duration: number}>} the duration from the start to the launcher's end
 */
export async function killLauncher({ root, dir, argv, env }, moment) {
  for (const report of ['up', 'whole']) rmSync(join(dir, `${report}.json`), { force: true });
  const reaped = reap(root, argv, { cwd: root, env });
  try {
    const launcher = await reaped.started;
    const begun = performance.now();
    if (moment !== undefined) await killAt(launcher, moment, reaped);
    await until('the end of the launcher', () => reaped.ends.has(launcher));
    const duration = performance.now() - begun;
    const daemon = await until(
      'a whole daemon, or nothing',
      () => reaped.isOver() || wholeDaemon(dir),
    );
    // The last thing that a daemon has done may be to tell of itself.
    if (daemon === true && wholeDaemon(dir) === false) return { left: 'nothing', duration };
    assert.notEqual(daemon, true, 'the daemon has ended');
    assert.equal(readFileSync(join(dir, 'pid'), 'utf8'), `${daemon}\n`);
    assert.ok(holdsLock(daemon, join(dir, 'pid')), 'the daemon does not hold the lock');
    process.kill(daemon, 'SIGUSR2');
    await until('the daemon to have used all of itself', () => existsSync(join(dir, 'whole.json')));
    process.kill(daemon, 'SIGTERM');
    await until('the end of all', () => reaped.isOver());
    assert.deepEqual(reaped.ends.get(daemon), { code: null, signal: 'SIGTERM' });
    assert.equal(existsSync(join(dir, 'pid')), false);
    return { left: 'a daemon', duration };
  } finally {
    reaped.kill();
    await reaped.allEnded;
  }
}

/** @param {number} launcher @param {Moment} moment @param {import('../helpers/reaper.mjs').Reaped} reaped */
async function killAt(launcher, { after, delay }, reaped) {
  if (after === 'fork') while (!reaped.ends.has(launcher) && !hasChild(launcher)) await pause(0);
  if (delay > 0) await pause(delay);
  try {
    process.kill(launcher, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** Of any of its threads. @param {number} pid */
function hasChild(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.some((tid) => readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1') !== '');
  } catch {
    return true; // It has ended.
  }
}

/** @param {string} dir @returns {number | false} */
function wholeDaemon(dir) {
  const path = join(dir, 'up.json');
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).pid;
}

/** @param {number} pid @param {string} path */
function holdsLock(pid, path) {
  const fds = Object.entries(descriptors(pid)).filter(([, target]) => target === path);
  return fds.some(([fd]) =>
    /^lock:.* FLOCK +ADVISORY +WRITE /m.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')),
  );
}
