import { beforeMainModule } from './main-module.js';

/**
 * Node looks for relative preloads from the working directory when their turn comes: those behind ours
 * would be looked for in the daemon's. Until the main module begins the daemon is in its launcher's.
 */
export function stayForPreloads(launchDirectory: string): void {
  const directory = process.cwd();
  try {
    process.chdir(launchDirectory);
  } catch {
    // The daemon's user may not enter it, or it is outside of its root: preloads cannot be found there.
    return;
  }
  beforeMainModule(() => process.chdir(directory));
}
