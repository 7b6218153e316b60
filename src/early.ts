/**
 * `node --require tsdaemon/early app.js`: the program becomes a daemon before its first line.
 */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

import { daemonize } from './daemonize.js';
import { optionsFromEnvironment, removeOurVariables } from './environment.js';
import { DaemonError } from './error.js';
import { commandLineMessage } from './messages.js';
import { reasonForNoScript } from './script.js';

const exitUsage = 2;
const exitPermission = 4;

// Preloads run in Workers too.
if (isMainThread) start();

function start(): void {
  try {
    const reason = reasonForNoScript();
    if (reason !== undefined) throw new DaemonError('ERR_DAEMON_NO_SCRIPT', { what: reason });
    const options = optionsFromEnvironment(process.env);
    removeOurVariables(process.env);
    daemonize(options);
  } catch (error) {
    refuse(error as DaemonError);
  }
}

function refuse(error: DaemonError): never {
  if (typeof error.code !== 'string' || !error.code.startsWith('ERR_DAEMON_')) throw error;
  writeSync(2, `${commandLineMessage(error)}\n`);
  process.exit(exitStatusOf(error));
}

function exitStatusOf({ code, errno }: DaemonError): number {
  if (code === 'ERR_DAEMON_OPTION' || code === 'ERR_DAEMON_NO_SCRIPT') return exitUsage;
  return errno === 'EACCES' || errno === 'EPERM' ? exitPermission : 1;
}
