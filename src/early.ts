/**
 * `node --require tsdaemon/early app.js`: the program becomes a daemon before its first line.
 */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

import { daemonize } from './daemonize.js';
import { optionsFromEnvironment } from './environment.js';
import { DaemonError } from './error.js';
import { isOurs } from './exit-status.js';
import { stayForPreloads } from './launch-directory.js';
import { commandLineMessage } from './messages.js';
import { hasPreloads } from './preload.js';
import { reasonForNoScript } from './script.js';

// Preloads run in Workers too.
if (isMainThread) start();

function start(): void {
  try {
    const reason = reasonForNoScript();
    if (reason !== undefined) throw new DaemonError('ERR_DAEMON_NO_SCRIPT', { what: reason });
    const options = optionsFromEnvironment(process.env);
    const { launchDirectory } = daemonize({
      detach: 'auto',
      ready: 'loaded',
      closeFds: true,
      force: true,
      ...options,
    });
    if (hasPreloads()) stayForPreloads(launchDirectory);
  } catch (error) {
    if (!isOurs(error)) throw error;
    writeSync(2, `${commandLineMessage(error)}\n`);
    process.exit(error.exitStatus);
  }
}
