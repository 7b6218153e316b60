import { existsSync, readFileSync } from 'node:fs';
import { deadlines } from './deadlines.mjs';

/**
 * Waits for a pid in a pid file, and calls `act` with it in the same instant: in a loop that does nothing else, since
 * a timer would come too late to see a process in the first moments of its being known.
 */
export function atFirstSightOf(pidFile: string, act: (pid: number) => void): number {
  const pid = spin(`a pid in ${pidFile}`, () => existsSync(pidFile) && pidIn(pidFile));
  act(pid);
  return pid;
}

/**
 * Sends a signal several times a millisecond, until `isEnough`, or until the process has ended. More would soon fill
 * the pipe by which libuv's handler tells its loop, 4,096 signals, and it drops what does not go in, the next SIGTERM
 * as well.
 */
export function storm(pid: number, signal: NodeJS.Signals, isEnough: () => boolean): void {
  const word = new Int32Array(new SharedArrayBuffer(4));
  spin(`the effect of ${signal}`, () => {
    if (!send(pid, signal) || isEnough()) return true;
    Atomics.wait(word, 0, 0, 0.2);
    return false;
  });
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function pidIn(pidFile: string): number | undefined {
  const [, digits] = /^(\d+)\n$/.exec(readFileSync(pidFile, 'latin1')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function spin<T>(what: string, look: () => T | undefined | false): T {
  const end = Date.now() + deadlines.daemon;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`looked in vain for ${what}`);
  }
}
