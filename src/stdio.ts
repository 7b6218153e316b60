/**
 * `process.stdin`, `process.stdout`, `process.stderr` and `console` of the daemon.
 */
import { createReadStream } from 'node:fs';
import { Socket } from 'node:net';

import { loadBinding } from './binding.js';
import { DescriptorStream } from './descriptor-stream.js';
import type { LauncherChannel } from './launcher-channel.js';
import type { Settings } from './settings.js';
import type { Started } from './strategy.js';

/**
 * Replaces the streams whose descriptors lead elsewhere now; a program that was executed anew has
 * found them so.
 */
export function adoptStreams(
  { stdin, stdout, stderr }: Settings,
  { native, strategy }: Started,
  launcher: LauncherChannel,
): void {
  const isFresh = strategy === 'exec';
  if (stdin !== 'inherit' && !isFresh) replaceStdin();
  if (stdout !== 'inherit' && !isFresh) replaceOutput('stdout', new DescriptorStream(1));
  if (stderr === 'inherit') return;
  if (!isFresh) redirectOldStderr(native.copies);
  replaceOutput('stderr', new DescriptorStream(2, (length) => launcher.wroteError(length)));
}

/** What led to the terminal follows stdout; a Worker writes to the streams of its making. */
function redirectOldStderr(copies: readonly number[]): void {
  const { fd } = (process.stderr as { _handle?: { fd?: number } })._handle ?? {};
  if (fd !== undefined && copies.includes(fd)) loadBinding().duplicate(2, fd);
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

function replaceOutput(name: 'stdout' | 'stderr', stream: DescriptorStream): void {
  define(name, () => stream);
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
