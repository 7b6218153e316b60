import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { commandOf } from './cases.mjs';
import { errnoNumber } from './errnos.mjs';
import { readRecord } from './record.mjs';
import { descendants, programOf, sightOf } from './sight.mjs';

/** @typedef {import('./cases.mjs').Case} Case */

/**
 * What came of a start: whether the fault was, whether the launcher has thrown or with which status it has ended, with
 * what error, after how many milliseconds, the calls that were recorded, and what the daemon is.
 * @typedef {{
 *   isHit: boolean, outcome: string, message: string, duration: number,
 *   calls: import('./record.mjs').Call[], daemon: Sight | undefined,
 * }} Outcome
 */

/** Of a launcher, of a daemon, of what is left: longer than all deadlines of ours, one after the other. */
const deadline = 45_000;

/** For a daemon to close the connection by which it was asked. */
const settling = 3000;

/** @typedef {ReturnType<typeof sightOf>} Sight */

/** @param {Sight} sight @param {string[]} targets @returns {Sight} */
const lessDescriptors = (sight, targets) => ({
  ...sight,
  descriptors: sight.descriptors.filter((target) => !targets.includes(target)),
});

/** @param {string} action */
const actionNumber = (action) =>
  ['none', 'kill'].includes(action) ? action : String(errnoNumber(action));

/** One start, from the launcher to the end of the daemon, and all that can be seen of it from outside. */
export class Start {
  /** @type {string[]} */
  #thrown = [];

  /**
   * `expected` is what the daemon is without a fault.
   * @param {{
   *   root: string, dir: string, execPath: string, start: Case, id: string,
   *   fault: import('./plan.mjs').Fault, expected?: Sight | undefined,
   * }} options
   */
  constructor({ root, dir, execPath, start, id, fault, expected }) {
    this.root = root;
    this.dir = dir;
    this.start = start;
    this.fault = fault;
    this.expected = expected;
    for (const name of ['record', 'thrown.json', 'up.json', 'socket', 'log'])
      rmSync(this.path(name), { force: true });
    const { args, env } = commandOf(start, root, dir);
    const { role, call, nth, action } = fault;
    const watcher = [join(root, 'faults'), this.path('record'), actionNumber(action), role, call];
    this.reaped = reap(root, [...watcher, String(nth), execPath, ...args], {
      cwd: root,
      env: { ...cleanEnvironment(), ...env, TEST_SCENE: id },
    });
  }

  /** @param {string} name */
  path(name) {
    return join(this.dir, name);
  }

  /** @returns {Promise<Outcome>} */
  async run() {
    const begun = performance.now();
    try {
      const launcher = await this.reaped.started;
      const isOver = () =>
        this.reaped.ends.has(launcher) || existsSync(this.path('thrown.json')) || this.#stays();
      await this.#until('the end of the start', isOver);
      const duration = performance.now() - begun;
      const outcome = await this.#check(launcher);
      if (this.fault.action === 'none') assert.equal(outcome.outcome, 'daemon', this.diagnosis());
      return { duration, ...readRecord(this.path('record')), ...outcome };
    } finally {
      this.reaped.kill();
      await this.reaped.allEnded;
    }
  }

  /** @template T @param {string} what @param {() => T | undefined | false | Promise<T | undefined | false>} look */
  #until(what, look) {
    return until(what, look, { deadline, diagnose: () => this.diagnosis() });
  }

  diagnosis() {
    const { ends, output } = this.reaped;
    const told = [this.path('log'), this.path('thrown.json')].filter((path) => existsSync(path));
    return [
      `stdout: ${output.stdout}`,
      `stderr: ${output.stderr}`,
      ...[...ends].map(([pid, { code, signal }]) => `process ${pid} ended by ${signal ?? code}`),
      ...told.map((path) => `${path}: ${readFileSync(path, 'utf8')}`),
      ...this.#thrown,
    ].join('\n');
  }

  pidInFile() {
    try {
      return readFileSync(this.path('pid'), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Whether it is a daemon in the foreground. */
  #stays() {
    return existsSync(this.path('up.json'));
  }

  /** @param {number} launcher */
  #check(launcher) {
    const end = this.reaped.ends.get(launcher);
    if (existsSync(this.path('thrown.json'))) return this.#checkThrown(launcher);
    if (end === undefined || end.code === 0) return this.#checkDaemon('daemon');
    const wasKilled = this.fault.action === 'kill' && end.signal === 'SIGKILL';
    return wasKilled ? this.#checkKilled() : this.#checkFailed(end);
  }

  /** The launcher is as it was: it works, and can start anew. @param {number} launcher */
  async #checkThrown(launcher) {
    const thrown = JSON.parse(readFileSync(this.path('thrown.json'), 'utf8'));
    this.#thrown.push(`it has thrown: ${JSON.stringify(thrown)}`);
    assert.deepEqual(thrown.changed, {}, 'the launcher is not as it was');
    assert.match(thrown.code, /^ERR_DAEMON_/, thrown.message);
    if (thrown.errno !== undefined)
      assert.ok(thrown.message.includes(thrown.errno), thrown.message);
    await this.#isAlone(launcher);
    assert.equal(this.pidInFile(), undefined, 'a pid file is left');
    rmSync(this.path('thrown.json'));
    assert.deepEqual(await this.#ask('/again'), { pid: launcher, isDaemon: false });
    await this.#until('the second start', () => this.#stays() || this.reaped.ends.get(launcher));
    const { daemon } = await this.#checkDaemon('');
    const { code, step, errno, message } = thrown;
    return { outcome: `thrown ${[code, step, errno].filter(Boolean).join(' ')}`, message, daemon };
  }

  /** Complete, alone, and gone without a trace when it is ended. @param {string} outcome */
  async #checkDaemon(outcome) {
    const { pid, isDaemon } = await this.#ask('/');
    assert.equal(isDaemon, true);
    assert.equal(this.pidInFile(), `${pid}\n`, 'the pid file');
    await this.#isAlone(pid);
    const daemon = await this.#sightOf(pid);
    process.kill(pid, 'SIGTERM');
    await this.#until('the end of all', () => this.reaped.isOver());
    assert.deepEqual(this.reaped.ends.get(pid), { code: null, signal: 'SIGTERM' });
    // Who has become another user, or is in another root, cannot remove it.
    if ('user' in this.start.options(this.dir) && this.pidInFile() === '') rmSync(this.path('pid'));
    assert.equal(this.pidInFile(), undefined, 'a pid file is left');
    return { outcome, message: '', daemon };
  }

  /** @param {number} pid */
  async #sightOf(pid) {
    const { dir } = this;
    // libuv goes without a ring that it does not get.
    const without = this.fault.call === 'io_uring_setup' ? ['anon_inode:[io_uring]'] : [];
    const expected = this.expected && lessDescriptors(this.expected, without);
    const look = () => lessDescriptors(sightOf(pid, dir), without);
    const end = performance.now() + settling;
    let seen = look();
    while (performance.now() < end && !isDeepStrictEqual(seen, expected ?? look())) {
      await pause(expected === undefined ? 100 : 5);
      seen = look();
    }
    if (expected !== undefined)
      assert.deepEqual(seen, expected, 'the daemon is not what it is without a fault');
    return seen;
  }

  /** A whole daemon, or nothing but perhaps the file, of which nobody holds the lock. */
  async #checkKilled() {
    const isThere = async () => {
      try {
        return this.pidInFile() === `${(await this.#ask('/')).pid}\n`;
      } catch {
        return false;
      }
    };
    await this.#until(
      'a daemon, or nothing',
      async () => this.reaped.isOver() || (await isThere()),
    );
    if (!this.reaped.isOver()) return this.#checkDaemon('launcher killed, a daemon');
    rmSync(this.path('pid'), { force: true });
    return { outcome: 'launcher killed, nothing', message: '', daemon: undefined };
  }

  /** Nothing is left, and something was said. @param {import('../helpers/reaper.mjs').End} end */
  async #checkFailed({ code, signal }) {
    await this.#until('the end of all', () => this.reaped.isOver());
    // Node ends itself by a signal when it has no memory; in the foreground nobody is there behind it.
    if (this.start.strategy === 'none' && signal !== null)
      rmSync(this.path('pid'), { force: true });
    assert.equal(this.pidInFile(), undefined, 'a pid file is left');
    // In the foreground stderr may lead to the log by then.
    const isInLog = this.start.strategy === 'none' && existsSync(this.path('log'));
    const stderr =
      this.reaped.output.stderr + (isInLog ? readFileSync(this.path('log'), 'utf8') : '');
    const lines = [/^tsdaemon: .*$/m, /^\S*Error:? .*$/m, /^.+$/m];
    const message = lines.map((line) => stderr.match(line)?.[0]).find((line) => line !== undefined);
    // libuv ends itself without a word; in the foreground nobody is there to tell of it.
    const isSilent = this.start.strategy === 'none' && signal !== null;
    assert.ok(message !== undefined || isSilent, `nothing was said\n${this.diagnosis()}`);
    const error = message?.match(/ERR_DAEMON_\w+/)?.[0];
    return {
      outcome: ['exit', signal ?? code, error].filter((part) => part !== undefined).join(' '),
      message,
      daemon: undefined,
    };
  }

  /** Nothing came of the start but this process, and what watches it. @param {number} pid */
  async #isAlone(pid) {
    const watcher = join(this.root, 'faults');
    await this.#until('the end of all others', () =>
      descendants(this.reaped.pid).every((one) => one === pid || programOf(one) === watcher),
    );
  }

  /** @param {string} path @returns {Promise<{pid: number, isDaemon: boolean}>} */
  #ask(path) {
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.path('socket'), path, agent: false, timeout: deadline };
      const asked = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('error', reject).on('end', () => {
          if (response.statusCode !== 200) reject(new Error(text));
          // It is not seen among the descriptors any more once the other side has closed it.
          else if (response.socket.closed) resolve(JSON.parse(text));
          else response.socket.once('close', () => resolve(JSON.parse(text)));
        });
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer\n${this.diagnosis()}`)));
      asked.on('error', reject).end();
    });
  }
}
