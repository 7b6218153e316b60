import { closeSync } from 'node:fs';

import { loadBinding, type NativeSight } from './binding.js';

/** How long a pid file is looked at again, in milliseconds, before it is taken for what it seems. */
export const patience = {
  unknown: 0,
  /** From a start's lock to its daemon's pid in the file: a fork, and what its steps need. */
  starting: 10_000,
  /**
   * A start has locked what a killed daemon has left, and is about to empty it; or its daemon has
   * ended, and it is about to unlock.
   */
  foreign: 1_000,
};

const pause = 2;
const never = new Int32Array(new SharedArrayBuffer(4));

/** What a pid file tells, without a grip on the daemon. */
export function look(pidFile: string): NativeSight {
  const sight = loadBinding().findDaemon(pidFile);
  if (sight.process >= 0) closeSync(sight.process);
  return sight;
}

/** The same, looked at again while it may be only in transition: the event loop stands meanwhile. */
export function lookPatiently(pidFile: string): NativeSight {
  const deadline = performance.now() + patience.foreign;
  for (;;) {
    const sight = look(pidFile);
    if (sight.state !== 'foreign' || performance.now() >= deadline) return sight;
    Atomics.wait(never, 0, 0, pause);
  }
}
