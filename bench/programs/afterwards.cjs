// Prints how long its work took, in milliseconds: WORK [MEGABYTES of heap, filled beforehand]
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:http');
const memory = require('./memory.cjs');

const [, , work, megabytes] = process.argv;

const works = {
  /** Short-lived objects, of which some live on: for the scavenger and for the collector. */
  allocate() {
    const kept = new Array(50_000);
    for (let i = 0; i < 12_000_000; i++) {
      const object = { i, text: `${i & 1023}`, list: [i, i + 1] };
      if (i % 16 === 0) kept[(i * 31) % kept.length] = object;
    }
    return kept.length;
  },

  /** Functions of its own again and again, each warm enough to be optimised. */
  compile() {
    let sum = 0;
    for (let i = 0; i < 60; i++) {
      const step = new Function(
        'n',
        `let s = ${i}; for (let j = 0; j < n; j++) s = (s * 31 + j) | 0; return s;`,
      );
      for (let j = 0; j < 300; j++) sum = (sum + step(4000 + j)) | 0;
    }
    return sum;
  },

  /** Writes to every page of the heap that was there before. */
  touch() {
    for (const array of globalThis.kept) array[0] += 1;
  },

  /** Of the calls alone, which is what the program waits for. */
  async spawn() {
    const times = [];
    for (let i = 0; i < 50; i++) {
      const begin = performance.now();
      const child = spawn('/bin/true', { stdio: 'ignore' });
      times.push(performance.now() - begin);
      await once(child, 'exit');
    }
    return times.sort((a, b) => a - b)[times.length / 2];
  },

  serve() {
    const server = createServer((request, response) => {
      response.end('ok');
      if (request.url === '/end') process.exit();
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  },
};

async function run() {
  if (megabytes !== undefined) globalThis.kept = memory.heap(Number(megabytes));
  if (process.env.BENCH_DAEMON === 'call') require('tsdaemon').daemonize({ stdout: 'inherit' });
  const begin = performance.now();
  const result = await works[work]();
  const took = performance.now() - begin;
  if (work !== 'serve') console.log(work === 'spawn' ? result : took);
}

void run();
