import { isMainThread } from 'node:worker_threads';

import { loadBinding } from './binding.js';
import { settleDescendants } from './descendants.js';
import { DaemonError } from './error.js';
import { tellExitStatus } from './exit-status.js';
import { failureError } from './failure.js';
import { Daemon } from './handle.js';
import { adoptIdentity } from './identity.js';
import { type DaemonizeOptions, resolveOptions, type Settings } from './options.js';
import { makePlaces } from './places.js';
import { makePlan } from './plan.js';
import { awaitReadiness } from './ready.js';
import { adoptStreams } from './stdio.js';

let current: Daemon | undefined;

/**
 * Makes a daemon of this process, as daemon(7) describes it, by a real fork that carries every
 * thread: servers listening, workers running and requests in flight go on in the daemon. The process
 * that was started, the launcher, exits when the daemon is ready, and its status tells the truth.
 *
 * Synchronous, at any moment of a program's life, on the main thread. Either throws in a launcher
 * that is exactly as it was, or returns in a daemon that is complete.
 *
 * @throws OptionError (`ERR_DAEMON_OPTION`) for a wrong option.
 * @throws DaemonError with the step that failed.
 */
export function daemonize(options: DaemonizeOptions = {}): Daemon {
  tellExitStatus();
  if (!isMainThread) throw new DaemonError('ERR_DAEMON_WORKER');
  if (current !== undefined) throw new DaemonError('ERR_DAEMON_ALREADY', { pid: current.pid });
  const settings = resolveOptions(options);
  if (settings.name !== undefined) makePlaces(settings.name);
  const plan = makePlan(settings);
  const launchDirectory = process.cwd();

  const outcome = loadBinding().daemonize(plan);
  if ('step' in outcome) return refuse(failureError(outcome, settings), settings);

  adoptIdentity(outcome.pid);
  adoptStreams(plan);
  settleDescendants(launchDirectory);
  current = new Daemon(outcome, settings, launchDirectory);
  awaitReadiness(current, settings.ready);
  return current;
}

/** Whether this process is a daemon that was made by this package. */
export function isDaemon(): boolean {
  return current !== undefined;
}

function refuse(error: DaemonError, { ifRunning }: Settings): never {
  if (error.code === 'ERR_DAEMON_RUNNING' && ifRunning === 'ok') process.exit(0);
  throw error;
}
