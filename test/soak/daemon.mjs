import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { descriptors, processesWith } from '../helpers/proc.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { Client } from './client.mjs';
import { figuresOf, judge } from './figures.mjs';

/** @typedef {{major: number, version: string, execPath: string}} Line */

const connections = 6;
/** Samples, and rotations of the log, in the whole time. */
const samplesWanted = 120;

/**
 * One daemon at work for a while: asked all the time, its log rotated, its Workers replaced.
 *
 * @param {string} root @param {Line} line @param {{minutes: number, rate: number}} options
 */
export async function soakDaemon(root, line, { minutes, rate }) {
  const id = randomUUID();
  const dir = join(root, 'runs', `daemon-${line.major}`);
  mkdirSync(dir, { recursive: true });
  const [log, pidFile] = [join(dir, 'log'), join(dir, 'pid')];
  const env = {
    ...cleanEnvironment(),
    TEST_SCENE: id,
    TEST_DIR: dir,
    TEST_ENTRY: 'daemonize',
    TEST_OPTIONS: JSON.stringify({ log, pidFile, cwd: 'keep' }),
  };
  const argv = [line.execPath, '--expose-gc', join('fixtures', 'soak', 'server.cjs')];
  const reaped = reap(root, argv, { cwd: root, env });
  try {
    const launcher = await reaped.started;
    const { port } = await until('the port', () => {
      const path = join(dir, 'listening.json');
      return existsSync(path) && JSON.parse(readFileSync(path, 'utf8'));
    });
    const client = new Client(port, connections);
    let loading = client.load(rate);
    await pause(2000);
    // In the midst of it.
    const { pid: daemon, answer } = await client.ask('daemonize', { agent: false });
    assert.equal(answer.launcher, launcher);
    client.asking = false;
    await loading;
    client.pid = daemon;
    await until('the end of the launcher', () => reaped.ends.has(launcher));
    assert.deepEqual(reaped.ends.get(launcher), { code: 0, signal: null });

    const rotation = new Rotation(log, daemon);
    rotation.count(reaped.output.stdout);
    const samples = [];
    const begun = performance.now();
    for (let sample = 1; sample <= samplesWanted; sample++) {
      client.asking = true;
      loading = client.load(rate);
      await pause(
        Math.max(0, begun + (sample * minutes * 60_000) / samplesWanted - performance.now()),
      );
      client.asking = false;
      await loading;
      const { answer } = await client.ask('figures');
      const [heap, external] = [answer.heapUsed, answer.external].map((n) => Math.round(n / 1024));
      samples.push({ ...figuresOf(daemon), heap, external });
      client.settle();
      if (client.problems.length > 0) throw new Error(client.problems.join('\n'));
      await rotation.rotate();
    }
    client.close();
    const hours = (performance.now() - begun) / 3_600_000;
    process.kill(daemon, 'SIGTERM');
    await until('the end of all', () => reaped.isOver());
    assert.deepEqual(reaped.ends.get(daemon), { code: null, signal: 'SIGTERM' });
    assert.deepEqual([existsSync(pidFile), processesWith('TEST_SCENE', id)], [false, []]);
    assert.equal(reaped.output.stderr, '');
    rotation.count(readFileSync(log, 'utf8'));
    assert.equal(rotation.lines, client.answered, 'lines of the log');
    const { problems, table } = judge(samples);
    const did = { node: line.version, hours, requests: client.answered, rotations: rotation.times };
    return { problems, table, did };
  } finally {
    reaped.kill();
    await reaped.allEnded;
  }
}

/** logrotate's way: renamed, then SIGHUP. What was rotated away is counted and removed. */
class Rotation {
  times = 0;
  lines = 0;
  /** @type {Set<number>} */
  #seen = new Set();
  #log;
  #daemon;

  /** @param {string} log @param {number} daemon */
  constructor(log, daemon) {
    this.#log = log;
    this.#daemon = daemon;
  }

  async rotate() {
    const away = `${this.#log}.1`;
    renameSync(this.#log, away);
    process.kill(this.#daemon, 'SIGHUP');
    await until('the new log', () => existsSync(this.#log));
    // The file is opened before it is swapped in: what is written meanwhile still goes to the old one.
    await until('the old log to be let go', () => !this.#holds(away));
    this.times++;
    this.count(readFileSync(away, 'utf8'));
    rmSync(away);
  }

  /** @param {string} path */
  #holds(path) {
    return Object.values(descriptors(this.#daemon)).includes(path);
  }

  /** Each request has one line. @param {string} text */
  count(text) {
    for (const line of text.trimEnd().split('\n').filter(Boolean)) {
      const number = Number(/^(\d+) \w+$/.exec(line)?.[1]);
      assert.ok(number > 0 && !this.#seen.has(number), `a line of the log: ${line}`);
      this.#seen.add(number);
      this.lines++;
    }
  }
}
