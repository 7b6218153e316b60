/**
 * `process.stdin`, `process.stdout`, `process.stderr` and `console` of the daemon.
 */
import { createReadStream } from 'node:fs';
import { Socket } from 'node:net';

import { loadBinding } from './binding.js';
import { DescriptorStream } from './descriptor-stream.js';
import type { Settings } from './settings.js';

/**
 * Replaces the streams whose descriptors lead elsewhere now. `copies` led to the terminal under
 * numbers of their own, and follow stdout.
 */
export function adoptStreams({ stdin, stdout, stderr }: Settings, copies: readonly number[]): void {
  if (stdin !== 'inherit') replaceStdin();
  if (stdout !== 'inherit') replaceOutput('stdout', 1);
  if (stderr === 'inherit') return;
  // A Worker writes to the streams that were there when it was made.
  const { fd } = (process.stderr as { _handle?: { fd?: number } })._handle ?? {};
  if (fd !== undefined && copies.includes(fd)) loadBinding().duplicate(2, fd);
  replaceOutput('stderr', 2);
}

/**
 * Whoever reads the old stream sees its end. It must never be read again: an epoll set takes no
 * /dev/null, and libuv aborts where it cannot watch.
 */
function replaceStdin(): void {
  const old = process.stdin;
  if (!(old instanceof Socket)) return;
  old.push(null);
  (old as unknown as { _handle?: { readStop?(): void } })._handle?.readStop?.();
  define('stdin', () => createReadStream('', { fd: 0, autoClose: false }));
}

function replaceOutput(name: 'stdout' | 'stderr', fd: number): void {
  define(name, () => new DescriptorStream(fd));
  // The console remembers the stream of its first line.
  Object.defineProperty(console, `_${name}`, {
    configurable: true,
    enumerable: false,
    get: () => process[name],
  });
}

/** A getter that makes the stream when it is first asked for, as Node's own are. */
function define(name: 'stdin' | 'stdout' | 'stderr', make: () => unknown): void {
  let stream: unknown;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      stream ??= make();
      return stream;
    },
  });
}
