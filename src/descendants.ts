import { settleLoaders } from './loaders.js';
import { hasPreloads, modulesOf, settlePreloads } from './preload.js';

/**
 * Children, cluster workers and Workers of the daemon do not become daemons, and find their preloads;
 * so does the thread of its loaders.
 */
export function settleDescendants(launchDirectory: string): void {
  if (!hasPreloads()) return;
  const required = modulesOf(['-r', '--require']);
  const loaders = modulesOf(['--loader', '--experimental-loader']);
  settlePreloads(launchDirectory);
  // Only here: with it comes `node:worker_threads`.
  const { settleWorkers } = require('./workers.js') as typeof import('./workers.js');
  settleWorkers();
  if (required.length > 0) settleLoaders(launchDirectory, required, loaders);
}
