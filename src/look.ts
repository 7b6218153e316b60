import { closeSync } from 'node:fs';

import { loadBinding, type NativeSight } from './binding.js';

/** What a pid file tells, without a grip on the daemon. */
export function look(pidFile: string): NativeSight {
  const sight = loadBinding().findDaemon(pidFile);
  if (sight.process >= 0) closeSync(sight.process);
  return sight;
}
