import { setTimeout as pause } from 'node:timers/promises';
import { deadlines } from './deadlines.mjs';

/**
 * Looks again and again until there is something to see, and throws with what `diagnose` tells when the deadline
 * passes first.
 *
 * @template T
 * @param {string} what completes "waited in vain for …"
 * @param {() => T | undefined | false | Promise<T | undefined | false>} look
 * @param {{deadline?: number, diagnose?: () => string}} [options]
 * @returns {Promise<T>}
 */
export async function until(what, look, { deadline = deadlines.daemon, diagnose = () => '' } = {}) {
  const end = Date.now() + deadline;
  for (let wait = 2; ; wait = Math.min(wait * 1.5, 100)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end)
      throw new Error(`waited ${deadline} ms in vain for ${what}\n${diagnose()}`);
    await pause(wait);
  }
}
