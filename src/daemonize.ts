import { settleDescendants } from './descendants.js';
import { endBy } from './end.js';
import { detachFromEnvironment } from './environment.js';
import { DaemonError } from './error.js';
import { tellExitStatus } from './exit-status.js';
import { Daemon } from './handle.js';
import { adoptIdentity } from './identity.js';
import { LauncherChannel } from './launcher-channel.js';
import { isMainThread } from './main-thread.js';
import type { DaemonizeOptions } from './options.js';
import { originHere } from './origin.js';
import { keepPidFile } from './pid-file.js';
import { makePlaces } from './places.js';
import { awaitReadiness } from './ready.js';
import { rebornProcess } from './reborn.js';
import { resolveOptions } from './settings.js';
import { adoptStreams } from './stdio.js';
import { start } from './strategy.js';
import { isSupervised } from './supervisor.js';

let current: Daemon | undefined;

/**
 * Makes a daemon of this process, as daemon(7) describes it, by a real fork that carries every
 * thread: servers listening, workers running and requests in flight go on in the daemon. The process
 * that was started, the launcher, exits when the daemon is ready, and its status tells the truth.
 *
 * Synchronous, at any moment of a program's life, on the main thread. Either throws in a launcher
 * that is exactly as it was, or returns in a daemon that is complete.
 *
 * See daemon(7), fork(2), setsid(2).
 *
 * @throws OptionError, a `TypeError` with the code `ERR_DAEMON_OPTION`, for a wrong or an unknown option.
 * @throws DaemonError with the code of the step that failed.
 */
export function daemonize(options: DaemonizeOptions = {}): Daemon {
  tellExitStatus();
  if (!isMainThread()) throw new DaemonError('ERR_DAEMON_WORKER');
  if (current !== undefined) throw new DaemonError('ERR_DAEMON_ALREADY', { pid: current.pid });
  const reborn = rebornProcess();
  const origin = reborn?.origin ?? originHere();
  let isLauncher = reborn === undefined;
  try {
    const settings = resolveOptions(whereToBe(options), origin);
    if (isLauncher) makePlaces(settings);
    const started = start(settings);
    isLauncher = false;
    const releasePidFile = keepPidFile(started.native, settings.pidFile);
    const launcher = new LauncherChannel(started.native);
    adoptIdentity(started.native, settings);
    adoptStreams(settings, started, launcher);
    settleDescendants(origin.directory);
    current = new Daemon(started, launcher, settings, origin.directory, releasePidFile);
    awaitReadiness(current, settings.ready);
    return current;
  } catch (error) {
    if (isLauncher) throw error;
    return endBy(error);
  }
}

/**
 * Whether this process is a daemon that was made by this package; by the exec strategy, which runs
 * the program twice, it is so from the beginning of the second run.
 */
export function isDaemon(): boolean {
  return current !== undefined || rebornProcess() !== undefined;
}

/** By the user's word, by that of the program, or by what watches the process. */
function whereToBe(options: DaemonizeOptions): DaemonizeOptions {
  const detach = detachFromEnvironment(process.env);
  if (detach !== undefined) return { ...options, detach };
  return options?.detach === 'auto' && isSupervised() ? { ...options, detach: false } : options;
}
