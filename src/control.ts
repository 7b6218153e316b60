/**
 * Daemons as others steer them: by their pid file.
 */
import { resolveStopOptions, type StopOptions, signalOf } from './control-options.js';
import { DaemonError } from './error.js';
import { grip, happens } from './grip.js';
import { isHandled } from './handled.js';
import { look } from './look.js';
import { pathOf, unclear } from './sight.js';
import type { SignalName } from './signal-names.js';

/** How {@link stop} has ended a daemon. */
export interface StopResult {
  /** `'stopped'` by the signal, `'killed'` by SIGKILL after `timeout`, `'not-running'` before. */
  outcome: 'stopped' | 'killed' | 'not-running';
  /** The process that has ended; not with `'not-running'`. */
  pid?: number;
}

// A program may change its listeners, or be no daemon of ours, whose pid is in the file before it listens.
const listenDeadline = 5_000;

// From SIGKILL to the end of a process that is not stuck in the kernel.
const killDeadline = 5_000;

// The lock goes with the process, but for a copy of it that a child may have.
const unlockDeadline = 1_000;

/**
 * Ends the daemon of a pid file: a signal, and if it has not ended after `timeout`, SIGKILL. Resolves
 * when it has ended and its pid file is unlocked. A daemon that does not run is no error; one that is
 * just being started is waited for, up to 10 s. See pidfd_send_signal(2).
 *
 * @param pidFile - a path, of the working directory
 * @param options - what asks it to end, and for how long
 * @throws TypeError with the code `ERR_DAEMON_OPTION` for a wrong option.
 * @throws DaemonError `ERR_DAEMON_SIGNAL` without the right to, `ERR_DAEMON_ALIVE` if it has not
 * ended, and others if it cannot be told who it is.
 */
export async function stop(pidFile: string, options: StopOptions = {}): Promise<StopResult> {
  const path = pathOf(pidFile);
  const { signal, timeout, then } = resolveStopOptions(options);
  const daemon = await grip(path);
  if (daemon === undefined) return { outcome: 'not-running' };
  const { pid } = daemon;
  try {
    daemon.send(signal);
    let outcome: StopResult['outcome'] = 'stopped';
    if (!(await daemon.ends(timeout))) {
      if (then === false) throw alive(pid, signal, timeout);
      outcome = 'killed';
      daemon.send(then);
      if (!(await daemon.ends(killDeadline))) throw alive(pid, then, killDeadline);
    }
    await unlocked(path, pid);
    return { outcome, pid };
  } finally {
    daemon.release();
  }
}

/**
 * Sends a signal to the daemon of a pid file, and to no other process: by a pidfd that was opened while
 * its lock was seen held. Resolves with its pid. See pidfd_open(2), signal(7).
 *
 * @param pidFile - a path, of the working directory
 * @param name - as `'SIGHUP'`
 * @throws TypeError with the code `ERR_DAEMON_OPTION` for a name that is none.
 * @throws DaemonError `ERR_DAEMON_NOT_RUNNING`, `ERR_DAEMON_SIGNAL` without the right to, and others
 * if it cannot be told who it is.
 */
export async function signal(pidFile: string, name: SignalName): Promise<number> {
  const path = pathOf(pidFile);
  const wanted = signalOf('signal', name);
  const daemon = await grip(path);
  try {
    if (daemon?.send(wanted)) return daemon.pid;
    throw new DaemonError('ERR_DAEMON_NOT_RUNNING', { path });
  } finally {
    daemon?.release();
  }
}

/**
 * SIGHUP, at which the daemon opens its logs anew and reads its configuration again. One that does not
 * listen for it would be ended by it: that it may listen is waited for, up to 5 s. Resolves with its pid.
 *
 * @param pidFile - a path, of the working directory
 * @throws TypeError, DaemonError as {@link signal} does, and `ERR_DAEMON_DEAF` if the daemon does not listen.
 */
export async function reload(pidFile: string): Promise<number> {
  const path = pathOf(pidFile);
  const daemon = await grip(path);
  try {
    if (daemon === undefined) throw new DaemonError('ERR_DAEMON_NOT_RUNNING', { path });
    const { pid } = daemon;
    if (!(await happens(listenDeadline, () => isHandled(pid, 'SIGHUP'))))
      throw new DaemonError('ERR_DAEMON_DEAF', { path, pid, signal: 'SIGHUP' });
    if (!daemon.send('SIGHUP')) throw new DaemonError('ERR_DAEMON_NOT_RUNNING', { path });
    return pid;
  } finally {
    daemon?.release();
  }
}

/** Waits until the process that has ended is not in the file, or does not lock it, any more. */
async function unlocked(path: string, pid: number): Promise<void> {
  let sight = look(path);
  const isUnlocked = (): boolean => {
    sight = look(path);
    return sight.state !== 'foreign' || sight.pid !== pid;
  };
  if (!(await happens(unlockDeadline, isUnlocked))) throw unclear(sight, path);
}

function alive(pid: number, signal: SignalName, timeout: number): DaemonError {
  return new DaemonError('ERR_DAEMON_ALIVE', { pid, signal, what: `${timeout} ms` });
}
