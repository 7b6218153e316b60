import { loadBinding } from './binding.js';
import { DaemonError } from './error.js';
import { obstacles } from './failure.js';

/** What {@link forkSupport} has found. */
export interface ForkSupport {
  /** Whether `strategy: 'fork'` would be possible now. */
  supported: boolean;
  /** Why not, in words. */
  reason?: string;
}

/**
 * Whether this process, as it is now, can be forked with its threads. Everything that the fork takes
 * for granted is checked when this is called; nothing is changed. Never throws.
 */
export function forkSupport(): ForkSupport {
  try {
    const obstacle = loadBinding().obstacle();
    return obstacle === 'none'
      ? { supported: true }
      : { supported: false, reason: obstacles[obstacle] };
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return { supported: false, reason: error.message };
  }
}
