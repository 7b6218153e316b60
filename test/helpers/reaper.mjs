import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * How a process ended: one of the two is null, as in Node's own 'exit' event.
 * @typedef {{code: number | null, signal: NodeJS.Signals | null}} End
 */

/** @typedef {ReturnType<typeof reap>} Reaped */

/**
 * Starts a command under the reaper (helpers/c/reaper.c), and collects what it writes and how it and all that it
 * leaves behind ended.
 *
 * @param {string} root where install() has put the reaper
 * @param {string[]} argv
 * @param {{cwd: string, env: Record<string, string>}} options
 */
export function reap(root, argv, { cwd, env }) {
  const reaper = spawn(join(root, 'reaper'), argv, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [stdin, stdout, stderr, events] =
    /** @type {[import('node:stream').Writable, ...import('node:stream').Readable[]]} */ (
      /** @type {unknown} */ (reaper.stdio)
    );
  if (stdout === undefined || stderr === undefined || events === undefined)
    throw new Error('no pipes');
  stdin.on('error', () => undefined); // Who reads it may end first.

  const output = { stdout: '', stderr: '', closed: false };
  stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  // Nobody holds the launcher's stdout and stderr any more, nor is anything in them unread.
  Promise.all([stdout, stderr].map((stream) => once(stream, 'close'))).then(() => {
    output.closed = true;
  });

  /** @type {Map<number, End>} */
  const ends = new Map();
  const lines = createInterface(events);
  /** @type {Promise<number>} */
  const started = new Promise((resolve, reject) => {
    reaper.once('error', reject);
    lines.on('line', (line) => {
      const [word, pid, value] = line.split(' ');
      if (word === 'start') resolve(Number(pid));
      if (word === 'end') ends.set(Number(pid), { code: Number(value), signal: null });
      if (word === 'kill') ends.set(Number(pid), { code: null, signal: signalName(Number(value)) });
    });
  });

  let over = false;
  const allEnded = once(lines, 'close').then(() => {
    over = true;
  });

  return {
    /** The reaper's own id. */
    pid: reaper.pid ?? 0,
    stdin,
    output,
    ends,
    /** The id of the command. */
    started,
    /** Fulfilled when neither it nor anything that came of it runs any more. */
    allEnded,
    /** Whether it was fulfilled. */
    isOver: () => over,
    /** Ends them all. */
    kill: () => reaper.kill('SIGTERM'),
  };
}

/** @param {number} number */
function signalName(number) {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? null : /** @type {NodeJS.Signals} */ (found[0]);
}
