/**
 * The ways to become a daemon, and the one of staying in the foreground.
 */
import { loadBinding, type NativeDaemon, type NativeFailure } from './binding.js';
import { hasAddon } from './load.js';
import { makePlan } from './plan.js';
import { programAgain } from './program-again.js';
import { rebornProcess } from './reborn.js';
import type { Settings } from './settings.js';
import { enterDirectory } from './working-directory.js';

/**
 * How a daemon was made: `'fork'`, fork(2); `'exec'`, execve(2) of the program anew; `'none'`: it stayed in
 * the foreground.
 */
export type DaemonStrategy = 'fork' | 'exec' | 'none';

export interface Started {
  native: NativeDaemon;
  strategy: DaemonStrategy;
}

/**
 * Returns in the daemon, or in the foreground; by the exec strategy in the second run alone.
 *
 * @throws DaemonError in the launcher.
 */
export function start(settings: Settings): Started {
  const reborn = rebornProcess();
  if (reborn !== undefined) {
    // Up to here it was where the first was; that it can go on was seen before.
    if (settings.chroot === undefined) enterDirectory(settings.cwd);
    return { native: reborn.native, strategy: 'exec' };
  }
  const [outcome, strategy] = attempt(settings);
  if (!('step' in outcome)) return { native: outcome, strategy };
  const { failureError } = require('./failure.js') as typeof import('./failure.js');
  const error = failureError(outcome, settings);
  if (error.code === 'ERR_DAEMON_RUNNING' && settings.ifRunning === 'ok') process.exit(0);
  throw error;
}

function attempt(settings: Settings): [NativeDaemon | NativeFailure, DaemonStrategy] {
  if (settings.detach === false && !hasAddon()) {
    const { stayWithoutAddon } =
      require('./without-addon.js') as typeof import('./without-addon.js');
    return [stayWithoutAddon(settings), 'none'];
  }
  const binding = loadBinding();
  const plan = makePlan(settings);
  if (settings.detach === false) return [binding.stay(plan), 'none'];
  if (settings.strategy !== 'exec') {
    const outcome = binding.daemonize(plan);
    if (settings.strategy === 'fork' || !isUnsupported(outcome)) return [outcome, 'fork'];
  }
  return [binding.daemonizeByExec({ ...plan, ...programAgain() }), 'exec'];
}

function isUnsupported(outcome: NativeDaemon | NativeFailure): boolean {
  return 'step' in outcome && outcome.step === 'support';
}
