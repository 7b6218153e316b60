import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

import type { SignalName } from './signal-names.js';

/** Whether a process handles or ignores a signal that would end it, proc_pid_status(5). */
export function isHandled(pid: number, signal: SignalName): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return true; // It has ended, or may not be seen: who sends the signal will find out.
  }
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  return [...status.matchAll(/^Sig(?:Ign|Cgt):\s*([0-9a-f]+)$/gm)].some(
    ([, mask]) => (BigInt(`0x${mask}`) & bit) !== 0n,
  );
}
