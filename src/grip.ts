/**
 * A running daemon, held so that nobody else can be hit.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { loadBinding, type NativeSight } from './binding.js';
import { DaemonError } from './error.js';
import { systemError } from './failure.js';
import { patience } from './look.js';
import { unclear } from './sight.js';
import type { SignalName } from './signal-names.js';

const longestPause = 20;

/**
 * The daemon of a pid file, `undefined` if none runs. One that is being started is waited for.
 *
 * @throws DaemonError if it cannot be told, or if the file names another process than it should.
 */
export async function grip(pidFile: string): Promise<Grip | undefined> {
  const begin = performance.now();
  for (let length = 1; ; length = longer(length)) {
    const sight = loadBinding().findDaemon(pidFile);
    const { state } = sight;
    if (state === 'running') return new Grip(sight);
    if (state === 'stopped' || state === 'dead') return undefined;
    if (performance.now() - begin >= patience[state]) throw unclear(sight, pidFile);
    await pause(length);
  }
}

/** A pidfd that was opened while the lock was seen held: it leads to the daemon, and to no other. */
class Grip {
  readonly pid: number;
  readonly #process: number;

  constructor({ pid, process }: NativeSight) {
    this.pid = pid;
    this.#process = process;
  }

  /** False if it has ended already. @throws DaemonError `ERR_DAEMON_SIGNAL` without the right to. */
  send(signal: SignalName): boolean {
    const errno = loadBinding().sendSignal(this.#process, constants.signals[signal]);
    if (errno === 0) return true;
    if (errno === constants.errno.ESRCH) return false;
    throw new DaemonError('ERR_DAEMON_SIGNAL', {
      pid: this.pid,
      signal,
      syscall: 'pidfd_send_signal',
      ...systemError(errno),
    });
  }

  /** Whether it has ended within `timeout` milliseconds. */
  ends(timeout: number): Promise<boolean> {
    return happens(timeout, () => loadBinding().hasEnded(this.#process));
  }

  release(): void {
    closeSync(this.#process);
  }
}

/**
 * Whether `look` is true within `timeout` milliseconds. It asks again and again: to wait in a thread
 * of libuv's pool would take it from the program's own work, and hold up its exit.
 */
export async function happens(timeout: number, look: () => boolean): Promise<boolean> {
  const deadline = performance.now() + timeout;
  for (let length = 1; !look(); length = longer(length)) {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    await pause(Math.min(length, left));
  }
  return true;
}

function longer(length: number): number {
  return Math.min(length * 1.5, longestPause);
}
