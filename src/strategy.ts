/**
 * The ways to become a daemon, and the one of staying in the foreground.
 */
import { userInfo } from 'node:os';

import { loadBinding, type NativeDaemon, type NativeFailure } from './binding.js';
import { DaemonError } from './error.js';
import { failureError } from './failure.js';
import { makePlan } from './plan.js';
import { programAgain, rebornProcess } from './reborn.js';
import type { Settings } from './settings.js';

/** How the daemon was made; `'none'`: it stayed in the foreground. */
export type Made = 'fork' | 'exec' | 'none';

export interface Started {
  native: NativeDaemon;
  strategy: Made;
}

/**
 * Returns in the daemon, or in the foreground; by the exec strategy in the second run alone.
 *
 * @throws DaemonError in the launcher.
 */
export function start(settings: Settings): Started {
  const reborn = rebornProcess();
  if (reborn !== undefined) {
    enterDirectory(settings);
    return { native: { ...reborn.native, ...userOf(settings) }, strategy: 'exec' };
  }
  const [outcome, strategy] = attempt(settings);
  if (!('step' in outcome)) return { native: outcome, strategy };
  const error = failureError(outcome, settings);
  if (error.code === 'ERR_DAEMON_RUNNING' && settings.ifRunning === 'ok') process.exit(0);
  throw error;
}

/** Up to here the second run was where the first was; that it can go on was seen before. */
function enterDirectory({ cwd, chroot }: Settings): void {
  if (cwd === 'keep' || chroot !== undefined) return;
  try {
    process.chdir(cwd);
  } catch (cause) {
    throw new DaemonError('ERR_DAEMON_CHDIR', { step: 'chdir', path: cwd, cause });
  }
}

/** The user that the second run finds itself to be. */
function userOf({ user }: Settings): Partial<NativeDaemon> {
  if (user === undefined) return {};
  try {
    const { username, homedir } = userInfo();
    return { user: username, home: homedir };
  } catch {
    // A number without a name.
    return {};
  }
}

function attempt(settings: Settings): [NativeDaemon | NativeFailure, Made] {
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
