/**
 * When a daemon is ready.
 */
import type { Server } from 'node:net';

import { wasLoaded } from './builtins.js';
import type { Daemon } from './handle.js';
import { whenMainModuleLoaded } from './main-module.js';
import type { Readiness } from './options.js';

/** Calls `daemon.ready()` at the moment that `readiness` names; for `'manual'` the program does. */
export function awaitReadiness(daemon: Daemon, readiness: Readiness): void {
  const { launchDirectory } = daemon;
  const ready = (): void => daemon.ready();
  if (readiness === 'detached') ready();
  if (readiness === 'loaded') whenMainModuleLoaded(launchDirectory, ready);
  if (readiness === 'listening') whenFirstServerListens(ready);
}

function whenFirstServerListens(ready: () => void): void {
  if (isListening()) {
    ready();
    return;
  }
  const { Server } = require('node:net') as typeof import('node:net');
  const inherited = Server.prototype.emit;
  const emit = function (this: Server, ...event: unknown[]): boolean {
    if (event[0] === 'listening') {
      if (Server.prototype.emit === emit) Server.prototype.emit = inherited;
      ready();
    }
    return Reflect.apply(inherited, this, event);
  };
  Server.prototype.emit = emit;
}

/** A server may listen since before the fork. */
function isListening(): boolean {
  if (!wasLoaded('net')) return false;
  const { Server } = require('node:net') as typeof import('node:net');
  const { _getActiveHandles: activeHandles } = process as unknown as {
    _getActiveHandles(): unknown[];
  };
  return activeHandles().some((handle) => handle instanceof Server && handle.listening);
}
