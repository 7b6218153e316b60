import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { answerTo, Connection, responseTo } from '../helpers/outside-client.mjs';

/**
 * What talks to the programs from outside while they become daemons. `told` is a program's report "listening".
 *
 * @typedef {{
 *   told: {port: number, url: string}, random: () => number, require: NodeJS.Require, over: () => boolean,
 * }} Scene
 */

/** @param {Buffer} data */
const digestOf = (data) => createHash('sha256').update(data).digest('hex');

/** Messages on their way at the same time, on one socket. */
const atOnce = 5;

/** Requests, or messages, of one run. */
export const requests = 48;

/** Uploads on connections that must never break, each answered once. @param {Scene} scene */
export async function askByHttp({ told: { port }, random }) {
  const connections = Array.from({ length: 8 }, () => new Connection(port));
  /** @type {number[]} */
  const numbers = [];
  let left = requests;
  try {
    await Promise.all(
      connections.map(async (connection) => {
        let localPort;
        while (left-- > 0) {
          const body = Buffer.alloc(Math.floor(random() * 60_000), `${left} `);
          const request = connection.request('/', { method: 'POST' });
          request.write(body.subarray(0, body.length / 2));
          if (random() < 0.5) await pause(random() * 10);
          request.end(body.subarray(body.length / 2));
          const answer = /** @type {any} */ (await answerTo(await responseTo(request)));
          const { number, bytes, digest } = answer;
          assert.deepEqual({ bytes, digest }, { bytes: body.length, digest: digestOf(body) });
          numbers.push(number);
          localPort ??= connection.localPort;
          assert.equal(connection.localPort, localPort, 'a connection was broken and opened again');
        }
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
  everyOne(numbers, 1);
}

/** Messages of every size, of which several are on their way on each socket. @param {Scene} scene */
export async function askByWebSocket({ told: { port }, random, require }) {
  const { WebSocket } = require('ws');
  // All clients of a process share the few threads that pack: only what the program sends is packed.
  const options = { perMessageDeflate: { threshold: Number.MAX_SAFE_INTEGER } };
  const sockets = Array.from({ length: 4 }, () => new WebSocket(`ws://127.0.0.1:${port}`, options));
  try {
    await Promise.all(
      sockets.map(async (socket, at) => {
        await once(socket, 'open');
        const messages = Array.from({ length: requests / sockets.length }, (_, n) => {
          const text = `${at} ${n} packed `.repeat(Math.floor(random() * 2000));
          return n % 3 === 0 ? Buffer.from(text) : text;
        });
        /** @type {{data: Buffer, isBinary: boolean}[]} */
        const answers = [];
        let sent = 0;
        const send = () => {
          if (sent < messages.length) socket.send(messages[sent++]);
        };
        await new Promise((resolve, reject) => {
          socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
            if (answers.push({ data, isBinary }) === messages.length) resolve(undefined);
            send();
          });
          socket.on('close', () => reject(new Error(`closed after ${answers.length} answers`)));
          for (let n = 0; n < atOnce; n++) send();
        });
        for (const [n, message] of messages.entries()) {
          const { data, isBinary } = answers[n] ?? { data: Buffer.alloc(0), isBinary: false };
          const expected = typeof message === 'string' ? message.toUpperCase() : String(message);
          assert.deepEqual([isBinary, String(data)], [typeof message !== 'string', expected]);
        }
        assert.equal(answers.length, messages.length);
      }),
    );
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

/** A debugger that evaluates one thing after the other, until the program has come to its end. @param {Scene} scene */
export async function inspect({ told: { url }, require, over }) {
  const { WebSocket } = require('ws');
  const socket = new WebSocket(url);
  try {
    await once(socket, 'open');
    /** @type {Map<number, (result: any) => void>} */
    const waiting = new Map();
    let id = 0;
    const lost = new Promise((_, reject) =>
      socket.once('close', () => reject(new Error('the inspector has closed the connection'))),
    );
    lost.catch(() => undefined);
    socket.on('message', (/** @type {Buffer} */ data) => {
      const message = JSON.parse(String(data));
      if (message.id === undefined) return; // An event.
      const settle = waiting.get(message.id);
      assert.ok(settle !== undefined, `the answer ${message.id} came twice`);
      waiting.delete(message.id);
      settle(message.result);
    });
    /** @param {string} expression */
    const evaluate = async (expression) => {
      const answered = new Promise((resolve) => waiting.set(++id, resolve));
      const params = { expression, returnByValue: true };
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
      const answer = await Promise.race([answered, lost]);
      assert.equal(answer.exceptionDetails, undefined);
      return answer;
    };
    await evaluate('connected()');
    while (!over()) {
      const n = id;
      const answers = await Promise.all([evaluate(`twice(${n})`), evaluate(`twice(${n + 1})`)]);
      assert.deepEqual(
        answers.map(({ result }) => result.value),
        [2 * n, 2 * n + 2],
      );
      await pause(1);
    }
    assert.equal(waiting.size, 0);
  } finally {
    socket.terminate();
  }
}

/** A server that takes its time, which a program asks, each path once. */
export async function serve() {
  /** @type {string[]} */
  const paths = [];
  const server = http.createServer(async (request, response) => {
    paths.push(String(request.url));
    const hash = createHash('sha256');
    for await (const chunk of request) hash.update(chunk);
    response.write(' ');
    await pause(Math.random() * 8);
    response.end(JSON.stringify({ path: request.url, digest: hash.digest('hex') }));
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    env: { TEST_PORT: String(port) },
    check: () =>
      everyOne(
        paths.map((path) => Number(path.slice(1))).filter((n) => n < 1000),
        0,
      ),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {number[]} numbers @param {number} first */
function everyOne(numbers, first) {
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from(numbers, (_, at) => at + first),
    'lost, or there twice',
  );
}
