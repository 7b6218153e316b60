import { hasPreloads, settlePreloads } from './preload.js';
import { settleWorkers } from './workers.js';

/** Children, cluster workers and Workers of the daemon do not become daemons, and find their preloads. */
export function settleDescendants(launchDirectory: string): void {
  if (!hasPreloads()) return;
  settlePreloads(launchDirectory);
  settleWorkers();
}
