import { loadBinding } from './binding.js';
import { hasAddon } from './load.js';

/** The kernel's word, where it can be asked for: `node:worker_threads` takes 2 ms to load. */
export function isMainThread(): boolean {
  if (hasAddon()) return loadBinding().isMainThread();
  const workers = require('node:worker_threads') as typeof import('node:worker_threads');
  return workers.isMainThread;
}
