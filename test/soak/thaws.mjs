import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { judge } from './figures.mjs';

/** What one start that fails may take, on a busy machine. */
const patience = 1000;

/**
 * Starts in one process that fail after the fork, and one that does not.
 * @param {string} root @param {import('../stress/run.mjs').Line} line @param {number} times
 */
export async function soakThaws(root, line, times) {
  const dir = join(root, 'runs', `thaws-${line.major}`);
  mkdirSync(dir, { recursive: true });
  const env = {
    ...cleanEnvironment(),
    TEST_SCENE: randomUUID(),
    TEST_DIR: dir,
    TEST_TIMES: String(times),
  };
  const argv = [line.execPath, '--expose-gc', join('fixtures', 'soak', 'thaws.cjs')];
  const reaped = reap(root, argv, { cwd: root, env });
  const begun = performance.now();
  try {
    await until('the end of all', () => reaped.isOver(), { deadline: 60_000 + times * patience });
    const path = join(dir, 'thaws.json');
    assert.ok(existsSync(path), `no report: ${reaped.output.stderr}`);
    const { samples, problem, launcher, pid } = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(problem, undefined);
    assert.deepEqual(reaped.ends.get(launcher), { code: 0, signal: null });
    assert.deepEqual(reaped.ends.get(pid), { code: 17, signal: null });
    // Of each failed start nothing but the launcher was left.
    assert.equal(reaped.ends.size, 2);
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { ...judge(samples), did: { node: line.version, thaws: times, seconds } };
  } finally {
    reaped.kill();
    await reaped.allEnded;
  }
}
