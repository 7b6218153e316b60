import { constants } from 'node:os';

import { OptionError } from './error.js';
import { nearest } from './nearest.js';
import { show } from './option-rules.js';
import type { SignalName } from './signal-names.js';

/** Settings of {@link stop}. */
export interface StopOptions {
  /** What asks the daemon to end, signal(7). @default 'SIGTERM' */
  signal?: SignalName | undefined;
  /** How long it may take, in milliseconds. @default 20000 */
  timeout?: number | undefined;
  /** What ends it after that; `false`: nothing does, and that is an error. @default 'SIGKILL' */
  then?: 'SIGKILL' | false | undefined;
}

/** Each of them, with the defaults filled in. */
type StopSettings = { [Name in keyof StopOptions]-?: Exclude<StopOptions[Name], undefined> };

const names: readonly string[] = ['signal', 'timeout', 'then'] satisfies (keyof StopOptions)[];
const maxTimeout = 2 ** 31 - 1;

/** @throws OptionError for a wrong value, or an unknown name. */
export function resolveStopOptions(options: StopOptions): StopSettings {
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw new OptionError(`Unknown option \`${name}\`${hint(name, names, '`')}`);
  const { timeout = 20_000, then = 'SIGKILL' } = options;
  const signal = signalOf('`signal` option', options.signal ?? 'SIGTERM');
  if (!Number.isInteger(timeout) || timeout < 0 || timeout > maxTimeout)
    throw wrong('`timeout` option', `a whole number of milliseconds up to ${maxTimeout}`, timeout);
  if (then !== 'SIGKILL' && then !== false)
    throw wrong('`then` option', "'SIGKILL' or false", then);
  return { signal, timeout, then };
}

/** @throws OptionError if it is not the name of a signal, as `SIGTERM`. */
export function signalOf(what: string, value: unknown): SignalName {
  const signals = Object.keys(constants.signals);
  if (typeof value === 'string' && signals.includes(value)) return value as SignalName;
  const near = typeof value === 'string' ? hint(value, signals, "'", 'SIG') : '';
  throw wrong(what, `the name of a signal, as 'SIGTERM'`, value, near);
}

function hint(name: string, candidates: readonly string[], quote: string, prefix = ''): string {
  const near = nearest(name, candidates, prefix);
  return near === undefined ? '' : `; did you mean ${quote}${near}${quote}?`;
}

function wrong(what: string, expected: string, value: unknown, near = ''): OptionError {
  return new OptionError(`Expected the ${what} to be ${expected}, got ${show(value)}${near}`);
}
