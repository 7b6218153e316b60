/**
 * Colours and movement, for a terminal alone; nothing but the facts for anything else.
 */
import { readlinkSync, writeSync } from 'node:fs';

import type { DaemonState } from '../status.js';

const codes = { dim: 2, red: 31, green: 32, yellow: 33 };

export type Colour = keyof typeof codes;

export const stateColours: Record<DaemonState, Colour> = {
  running: 'green',
  starting: 'yellow',
  dead: 'red',
  stopped: 'dim',
  unknown: 'yellow',
};

/** Text for stdout or stderr. */
export function paint(colour: Colour, text: string, fd: 1 | 2 = 1): string {
  const { NO_COLOR } = process.env;
  if (NO_COLOR || !isTerminal(fd)) return text;
  return `\x1b[${codes[colour]}m${text}\x1b[0m`;
}

/**
 * Only for a device is it worth the time to load what knows terminals. Not by fs.fstatSync(): what
 * that leaves behind of a pipe misleads Node's module loader (seen on 20 and 22).
 */
export function isTerminal(fd: 1 | 2): boolean {
  if (process.env['TERM'] === 'dumb' || !isDevice(fd)) return false;
  return (require('node:tty') as typeof import('node:tty')).isatty(fd);
}

function isDevice(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('/dev/');
  } catch {
    return false; // It is closed.
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Writes to stdout, of which it is no error that nobody reads it any more, as behind `| head -1`. */
export function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      // A pipe that somebody has made non-blocking is full.
      Atomics.wait(never, 0, 0, 1);
    }
  }
}

const frames = ['|', '/', '-', '\\'];
const frameLength = 120;
const clearLine = '\r\x1b[K';

/** Shows on a terminal that `work` goes on, and for how long by now. */
export async function spinning<T>(what: string, work: Promise<T>): Promise<T> {
  if (!isTerminal(2)) return work;
  const start = performance.now();
  let shown = 0;
  const timer = setInterval(() => {
    const seconds = Math.floor((performance.now() - start) / 1000);
    const frame = frames[shown++ % frames.length];
    writeSync(2, `${clearLine}${frame} ${what}${seconds > 0 ? `, ${seconds} s` : ''}`);
  }, frameLength);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown > 0) writeSync(2, clearLine);
  }
}
