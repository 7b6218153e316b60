import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { answerTo, responseTo } from '../helpers/outside-client.mjs';

/** How much a client waits for one answer. */
const patience = 300_000;

const text = Buffer.alloc(40_000, 'what is sent to the daemon is what it has to answer for, ');
const digest = crypto.createHash('sha256').update(text).digest('hex');

/** What is asked in turn, and what the answer must be. @type {Record<string, {body?: Buffer, right: (n: number) => unknown}>} */
const questions = {
  digest: { body: text, right: () => digest },
  sum: { right: (n) => 499_500 + 1000 * n },
  pack: { body: text, right: () => true },
  file: { body: text, right: () => true },
  key: {
    right: (n) => crypto.pbkdf2Sync('password', `salt ${n}`, 1000, 32, 'sha256').toString('hex'),
  },
};
const names = Object.keys(questions);

/** Asks fixtures/soak/server.cjs on connections that stay open, and on some that do not. */
export class Client {
  /** Answers by their number: none may be missing at the end, none there twice. @type {Set<number>} */
  #numbers = new Set();
  #highest = 0;
  #settled = 0;
  /** @type {http.Agent[]} */
  #agents;
  #port;
  #asked = 0;
  asking = true;
  /** Who is to answer, if it is known. @type {number | undefined} */
  pid;
  /** @type {string[]} */
  problems = [];

  /** @param {number} port @param {number} connections */
  constructor(port, connections) {
    this.#port = port;
    this.#agents = Array.from(
      { length: connections },
      () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
    );
  }

  get answered() {
    return this.#highest;
  }

  /** @param {string} name @param {{n?: number, body?: Buffer, agent?: http.Agent | false}} [question] */
  async ask(name, { n = 0, body, agent = this.#agents[0] } = {}) {
    const request = http.request({
      agent,
      host: '127.0.0.1',
      port: this.#port,
      path: `/${name}?n=${n}`,
      method: 'POST',
      signal: AbortSignal.timeout(patience),
    });
    request.end(body);
    const { number, pid, answer, error } = await answerTo(await responseTo(request));
    assert.equal(error, undefined);
    assert.ok(!this.#numbers.has(number) && number > 0, `the answer ${number} came twice`);
    this.#numbers.add(number);
    this.#highest = Math.max(this.#highest, number);
    return { pid, answer };
  }

  /**
   * Asks on every connection until told to stop.
   * @param {number} rate requests a second, all connections together
   */
  async load(rate) {
    const distance = (1000 * this.#agents.length) / rate;
    await Promise.all(
      this.#agents.map(async (agent) => {
        for (
          let due = performance.now();
          this.asking;
          due = Math.max(due + distance, performance.now())
        ) {
          const wait = due - performance.now();
          if (wait > 0) await pause(wait);
          await this.#one(agent).catch((error) => this.#problem(error));
        }
      }),
    );
  }

  /** @param {http.Agent} agent */
  async #one(agent) {
    const n = ++this.#asked;
    const name = names[n % names.length] ?? 'sum';
    const { body, right } = questions[name] ?? { right: () => undefined };
    const { pid } = this;
    const got = await this.ask(name, { n, body, agent: n % 20 === 0 ? false : agent });
    assert.deepEqual(got.answer, right(n), `${name} ${n}`);
    if (pid !== undefined) assert.equal(got.pid, pid, 'answered by another process');
  }

  /** @param {unknown} error */
  #problem(error) {
    this.problems.push(error instanceof Error ? String(error.stack) : String(error));
    if (this.problems.length > 20) this.asking = false;
  }

  /** Every number up to the highest has been answered. Forgets them. */
  settle() {
    for (let number = this.#settled + 1; number <= this.#highest; number++)
      if (!this.#numbers.delete(number)) this.problems.push(`the request ${number} had no answer`);
    this.#settled = this.#highest;
  }

  close() {
    for (const agent of this.#agents) agent.destroy();
  }
}
