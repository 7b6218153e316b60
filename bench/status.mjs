// How long `tsdaemon status` takes, as a ratio to what Node takes for nothing, in turns in one run:
//
//   node bench/status.mjs [ROUNDS]
//
// The least of many is what a command needs; the rest is what the machine was busy with.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeLines } from '../scripts/node-lines.mjs';

const rounds = Number(process.argv[2] ?? 40);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
// A pid file that there is not: the status is 3.
const status = [cli, 'status', '--pid-file', join(tmpdir(), `no-daemon-${process.pid}.pid`)];

/** In milliseconds. */
function took(execPath, args, expected) {
  const begin = performance.now();
  const { status } = spawnSync(execPath, args);
  if (status !== expected) throw new Error(`${args.join(' ')} exited with ${status}`);
  return performance.now() - begin;
}

console.table(
  nodeLines().map(({ major, execPath }) => {
    let [nothing, looked] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < rounds; round++) {
      nothing = Math.min(nothing, took(execPath, ['-e', '0'], 0));
      looked = Math.min(looked, took(execPath, status, 3));
    }
    const ms = (time) => Number(time.toFixed(1));
    return {
      node: major,
      ratio: ms((looked / nothing) * 100) / 100,
      nothing: ms(nothing),
      status: ms(looked),
    };
  }),
);
