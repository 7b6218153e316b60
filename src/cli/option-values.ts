/**
 * What is written on the command line, as the values of the library's options.
 */
import { decimal } from '../environment.js';
import { OptionError } from '../error.js';
import { accepts, show } from '../option-rules.js';
import type { DaemonizeOptions } from '../options.js';
import { milliseconds } from './units.js';

/** The value of `option`, which is written otherwise than in a program: as `expected` says. */
export const written =
  (option: keyof DaemonizeOptions, expected: string, parse: (text: string) => unknown) =>
  (text: string): unknown => {
    const value = parse(text);
    if (accepts(option, value)) return value;
    throw new OptionError(`Expected ${expected}, got ${show(text)}`);
  };

/** `5000ms`, `90s` or `5m`, for `flag`. */
export const time = (flag: string): ((text: string) => unknown) =>
  written('readyTimeout', `${flag} to be a time with its unit, as 5s or 5000ms`, milliseconds);

/** `3,4` */
export const commaSeparated = (text: string): unknown[] => text.split(',').map(decimal);

/** `NAME=VALUE`, added to those before. */
export const variable = (text: string, previous: unknown): unknown => ({
  ...(previous as object | undefined),
  ...pair('--env', text, (value) => value),
});

/** `nofile=65536,core=0` */
export const limits = written(
  'limits',
  '--limits to be whole numbers for nofile and core, as nofile=65536,core=0',
  (text) => Object.assign({}, ...text.split(',').map((one) => pair('--limits', one, decimal))),
);

function pair(flag: string, text: string, parse: (value: string) => unknown): object {
  const equals = text.indexOf('=');
  if (equals < 0) throw new OptionError(`Expected ${flag} to be NAME=VALUE, got ${show(text)}`);
  return { [text.slice(0, equals)]: parse(text.slice(equals + 1)) };
}
