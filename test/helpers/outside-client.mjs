import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

/** One keep-alive connection to a server of this machine. */
export class Connection {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #port;
  /** The client's end: another number is another connection. @type {number | undefined} */
  localPort;

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  /** @param {string} path @param {http.RequestOptions} [options] */
  request(path, options) {
    const request = http.request({
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#port,
      path,
      ...options,
    });
    // Whoever awaits the response gets the error; one that comes when nobody does is of no interest.
    request.on('error', () => undefined);
    request.on('socket', (socket) => {
      if (!socket.connecting) this.localPort = socket.localPort;
      else
        socket.once('connect', () => {
          this.localPort = socket.localPort;
        });
    });
    return request;
  }

  /** @param {string} path */
  async get(path) {
    const request = this.request(path);
    request.end();
    return answerTo(await responseTo(request));
  }

  close() {
    this.#agent.destroy();
  }
}

/** @param {http.ClientRequest} request @returns {Promise<http.IncomingMessage>} */
export async function responseTo(request) {
  const [response] = await once(request, 'response');
  return response;
}

/** @param {http.IncomingMessage} response @returns {Promise<Answer>} */
export async function answerTo(response) {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

/**
 * Talks to fixtures/late.cjs from outside while it becomes a daemon: requests before, in the midst and after, all on
 * connections opened before, none of which may break or be answered twice.
 *
 * @typedef {{number: number, pid: number, launcher?: number, bytes?: number}} Answer
 * @param {number} port
 * @returns {Promise<{launcher: number, daemon: number}>}
 */
export async function converse(port) {
  const connections = Array.from({ length: 6 }, () => new Connection(port));
  const late = new Connection(port);
  try {
    /** @type {Answer[]} */
    const answers = await Promise.all(connections.map((connection) => connection.get('/hello')));
    const launcher = Number(answers[0]?.pid);
    const before = connections.map(({ localPort }) => localPort);
    const [holding, uploading, asking, ...idle] = connections;
    assert.ok(holding !== undefined && uploading !== undefined && asking !== undefined);

    const hold = holding.request('/hold');
    hold.end();
    const held = await responseTo(hold);
    const upload = uploading.request('/upload', {
      method: 'POST',
      headers: { expect: '100-continue' },
    });
    upload.flushHeaders();
    await once(upload, 'continue');
    upload.write('x'.repeat(50_000));

    const answer = await asking.get('/daemonize');
    const daemon = answer.pid;
    assert.equal(answer.launcher, launcher);
    assert.notEqual(daemon, launcher);
    answers.push(answer, await answerTo(held));
    upload.end('y'.repeat(50_000));
    const uploaded = await answerTo(await responseTo(upload));
    assert.equal(uploaded.bytes, 100_000);
    answers.push(uploaded);

    for (let round = 0; round < 3; round++) {
      answers.push(...(await Promise.all(idle.map((connection) => connection.get('/hello')))));
    }
    answers.push(...(await Promise.all(connections.map((connection) => connection.get('/hello')))));
    const after = connections.map(({ localPort }) => localPort);
    assert.deepEqual(after, before, 'a connection was broken and opened again');
    answers.push(await late.get('/hello'));

    const numbers = answers.map(({ number }) => number).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, at) => at + 1),
      'a request was lost or served twice',
    );
    const pids = answers.slice(connections.length).map(({ pid }) => pid);
    assert.ok(
      pids.every((pid) => pid === daemon),
      'an answer of the launcher after the fork',
    );
    return { launcher, daemon };
  } finally {
    for (const connection of [...connections, late]) connection.close();
  }
}

/** Asks it to end, which it does with status 17. @param {number} port */
export async function endIt(port) {
  const connection = new Connection(port);
  try {
    await connection.get('/end');
  } finally {
    connection.close();
  }
}
