import type { NativeDaemon } from './binding.js';
import { removeOurVariables } from './environment.js';
import type { Settings } from './settings.js';
import { enterDirectory } from './working-directory.js';

/** Makes true what Node, and the program's environment, remember of the process from its start. */
export function adoptIdentity({ pid, user, home }: NativeDaemon, settings: Settings): void {
  // A data property, filled in when Node started; `process.ppid` is a getter.
  Object.defineProperty(process, 'pid', {
    value: pid,
    configurable: true,
    enumerable: true,
    writable: false,
  });
  // process.cwd() is remembered, here and in every Worker, until process.chdir() is called.
  enterDirectory('.');
  if (settings.title !== undefined) process.title = settings.title;
  leaveParent();
  removeOurVariables(process.env);
  if (user !== '') Object.assign(process.env, { HOME: home, USER: user, LOGNAME: user });
  for (const [name, value] of Object.entries(settings.env))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
}

/** A cluster's worker ends when its channel does, unless it was meant to go on. */
function stayWithoutCluster(): void {
  const { worker } = require('node:cluster') as import('node:cluster').Cluster;
  if (worker !== undefined) worker.exitedAfterDisconnect = true;
}

/** The launcher may have been a child of child_process.fork() or of a cluster: the daemon is not. */
function leaveParent(): void {
  if (process.connected) {
    stayWithoutCluster();
    process.disconnect?.();
  }
  for (const name of ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'])
    delete process.env[name];
}
