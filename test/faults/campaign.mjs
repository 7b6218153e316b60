import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { install } from '../helpers/install.mjs';
import { choose, faultsAt, named, nameOf, noFault, withoutTheLike } from './plan.mjs';
import { Start } from './start.mjs';

/** @typedef {import('./cases.mjs').Case} Case */
/** @typedef {import('./plan.mjs').Fault} Fault */
/** @typedef {{major: number, execPath: string}} Line */

/** A start that takes longer than any does on a busy machine has waited for one of our deadlines. */
const slow = 10_000;

/** @param {string} outcome */
function columnOf(outcome) {
  if (outcome.startsWith('thrown')) return 'thrown';
  if (outcome.startsWith('exit')) return 'status told';
  if (outcome.startsWith('launcher killed')) return outcome;
  return 'daemon';
}

/** Starts with faults, and what came of them. */
export class Campaign {
  /**
   * @param {{
   *   jobs: number, every: boolean, verbose: boolean, seed: number, sample: number | undefined,
   *   seconds: number | undefined, only: string | undefined,
   * }} options
   */
  constructor(options) {
    this.options = options;
    this.id = randomUUID();
    this.installed = install();
    this.begun = performance.now();
    /** @type {Record<string, string | number>[]} */
    this.rows = [];
    /** @type {string[]} */
    this.failures = [];
    /** @type {Map<string, number>} */
    this.outcomes = new Map();
    this.directories = 0;
  }

  /** @param {Line} line @param {Case} start */
  async run(line, start) {
    const first = await this.#start(line, start, this.#directory(), noFault, undefined);
    if (typeof first === 'string') return;
    const all = first.calls.filter(start.concerns ?? (() => true));
    const calls = this.options.every ? all : withoutTheLike(all);
    const waiting = this.#chosen(faultsAt(calls));
    const row = {
      ...{ Node: line.major, start: start.name, calls: first.calls.length, faults: 0, daemon: 0 },
      ...{ thrown: 0, 'status told': 0, 'launcher killed, nothing': 0 },
      ...{ 'launcher killed, a daemon': 0, 'not reached': 0, slow: 0, failed: 0 },
    };
    this.rows.push(row);
    const lane = async () => {
      let dir = this.#directory();
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        if (this.#isLate()) return;
        const result = await this.#start(line, start, dir, fault, first.daemon);
        const column = typeof result === 'string' ? result : columnOf(result.outcome);
        row.faults++;
        row[
          typeof result === 'string' || result.isHit
            ? /** @type {'daemon'} */ (column)
            : 'not reached'
        ]++;
        if (typeof result !== 'string' && result.duration > slow) row.slow++;
        // What a start that failed has left must not be in the way of the next.
        if (typeof result === 'string') dir = this.#directory();
      }
    };
    await Promise.all(Array.from({ length: this.options.jobs }, lane));
    console.log(JSON.stringify(row));
  }

  #isLate() {
    const { seconds } = this.options;
    return seconds !== undefined && performance.now() - this.begun > seconds * 1000;
  }

  #directory() {
    const dir = join(this.installed.root, 'faults-in', String(this.directories++));
    mkdirSync(dir, { recursive: true });
    // Open to programs that give up root.
    chmodSync(dir, 0o777);
    return dir;
  }

  /** @param {Fault[]} all */
  #chosen(all) {
    const { only, sample, seed } = this.options;
    if (only !== undefined) return named(all, only);
    return sample === undefined ? all : choose(all, sample, seed);
  }

  /**
   * @param {Line} line @param {Case} start @param {string} dir @param {Fault} fault
   * @param {import('./start.mjs').Sight | undefined} expected
   * @returns {Promise<import('./start.mjs').Outcome | 'failed'>}
   */
  async #start({ major, execPath }, start, dir, fault, expected) {
    const { root } = this.installed;
    try {
      const one = new Start({ root, dir, execPath, start, id: this.id, fault, expected });
      const result = await one.run();
      const key = [start.name, fault.role, fault.call, fault.action, result.outcome].join(' | ');
      if (result.isHit) this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + 1);
      if (this.options.verbose || result.duration > slow)
        console.log(
          `Node ${major}, ${start.name}, ${nameOf(fault)} ${fault.text ?? ''}: ${result.outcome}, ${Math.round(result.duration)} ms ${result.message}`,
        );
      return result;
    } catch (error) {
      this.failures.push(`--lines ${major} --cases ${start.name} --only ${nameOf(fault)}`);
      console.log(
        `FAILED Node ${major}, ${start.name}, ${nameOf(fault)} ${fault.text ?? ''}: ${error instanceof Error ? error.stack : error}`,
      );
      return 'failed';
    }
  }

  end() {
    this.installed.remove();
  }

  print() {
    if (this.options.verbose)
      for (const [key, count] of [...this.outcomes].sort()) console.log(`${key}: ${count}`);
    console.table(this.rows);
    for (const failure of this.failures) console.log(`npm run faults -- ${failure}`);
    console.log(
      `in ${Math.round((performance.now() - this.begun) / 1000)} s, ${this.failures.length} failed`,
    );
  }
}
