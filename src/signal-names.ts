import { constants } from 'node:os';

/** The name of a signal, as `'SIGTERM'`: signal(7). */
export type SignalName = NodeJS.Signals;

/** The name of signal(7) for a number, `undefined` for 0. */
export function signalName(number: number): SignalName | undefined {
  for (const [name, value] of Object.entries(constants.signals))
    if (value === number) return name as SignalName;
  return undefined;
}
