/**
 * `process.stdin`, `process.stdout`, `process.stderr` and `console` of the daemon.
 */
import { AsyncResource } from 'node:async_hooks';
import { createReadStream } from 'node:fs';
import type { SocketConstructorOpts } from 'node:net';

import { loadBinding } from './binding.js';
import { wasLoaded } from './builtins.js';
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
  if (stdout !== 'inherit' && !isFresh) replaceOutput('stdout', 1);
  if (stderr === 'inherit') return;
  if (!isFresh) redirectOldStderr(native.copies);
  replaceOutput('stderr', 2, (length) => launcher.wroteError(length));
}

/** What led to the terminal follows stdout; a Worker writes to the streams of its making. */
function redirectOldStderr(copies: readonly number[]): void {
  if (copies.length === 0) return;
  const { fd } = (process.stderr as { _handle?: { fd?: number } })._handle ?? {};
  if (fd !== undefined && copies.includes(fd)) loadBinding().duplicate(2, fd);
}

/**
 * Whoever reads the old stream sees its end. It must never be read again: an epoll set takes no
 * /dev/null, and libuv aborts where it cannot watch. One that nobody had asked for before is made by
 * asking for it here, of what stdin is now.
 */
function replaceStdin(): void {
  // Nobody can have asked for a stream of a class that is not there.
  if (!wasLoaded('net')) return;
  const { Socket } = require('node:net') as typeof import('node:net');
  const youngest = new AsyncResource('tsdaemon').asyncId();
  const { stdin } = process;
  const { _handle: handle } = stdin as {
    _handle?: { getAsyncId(): number; readStop?(): void };
  };
  if (!(stdin instanceof Socket) || (handle?.getAsyncId() ?? 0) > youngest) return;
  stdin.push(null);
  handle?.readStop?.();
  define('stdin', openStdin);
}

function openStdin(): unknown {
  const { Socket } = require('node:net') as typeof import('node:net');
  const { isatty, ReadStream } = require('node:tty') as typeof import('node:tty');
  if (isatty(0)) return new ReadStream(0);
  try {
    // Nothing is read before somebody wants to, which is how Node makes its own.
    return new Socket({ fd: 0, writable: false, manualStart: true } as SocketConstructorOpts);
  } catch {
    // Neither a pipe nor a socket.
    return createReadStream('', { fd: 0, autoClose: false });
  }
}

function replaceOutput(
  name: 'stdout' | 'stderr',
  fd: number,
  written?: (length: number) => void,
): void {
  define(name, () => {
    const { DescriptorStream } =
      require('./descriptor-stream.js') as typeof import('./descriptor-stream.js');
    return new DescriptorStream(fd, written);
  });
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
