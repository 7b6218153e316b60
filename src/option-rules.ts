/**
 * What each option has to be: one table, for the options and for the environment.
 */
import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { isName } from './name.js';
import type { DaemonizeOptions, Readiness, StreamTarget } from './options.js';

/** A check of one option. */
export interface Rule {
  /** In words: "Expected the `umask` option to be …". */
  expected: string;
  accepts(value: unknown): boolean;
  /** From the launcher's directory. */
  resolve?(value: never, directory: string): unknown;
}

const maxInt = 2 ** 31 - 1;

export const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0');

/** Whether a stream leads to a file that has a path. */
export const isFile = (target: StreamTarget): target is string =>
  typeof target === 'string' && target !== 'null' && target !== 'inherit';

const isInteger = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (value: unknown): boolean => isPath(value) || isInteger(value, 0, 2 ** 32 - 2);

const isListOf = (value: unknown, accepts: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(accepts);

const oneOf = (...values: readonly unknown[]): Rule => ({
  // Of each start the rules are made, of hardly any they are told.
  get expected() {
    return values
      .map((value) => inspect(value))
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1');
  },
  accepts: (value) => values.includes(value),
});

const integer = (min: number, max: number): Rule => ({
  expected: `an integer from ${min} to ${max}`,
  accepts: (value) => isInteger(value, min, max),
});

const milliseconds = (zero: string): Rule => ({
  expected: `a whole number of milliseconds from 0${zero} to ${maxInt}`,
  accepts: (value) => isInteger(value, 0, maxInt),
});

const path: Rule = {
  expected: 'a path',
  accepts: isPath,
  resolve: (value: string, directory: string) => resolve(directory, value),
};

const stream: Rule = {
  expected: "'null', 'inherit', a path or a descriptor",
  accepts: (value) => isPath(value) || isInteger(value, 0, maxInt),
  resolve: (value: StreamTarget, directory: string) =>
    isFile(value) ? resolve(directory, value) : value,
};

const boolean = oneOf(true, false);

export const rules: Record<keyof DaemonizeOptions, Rule> = {
  cwd: {
    expected: "a path or 'keep'",
    accepts: isPath,
    resolve: (value: string, directory: string) =>
      value === 'keep' ? value : resolve(directory, value),
  },
  umask: {
    expected: "an integer from 0 to 0o777 or 'inherit'",
    accepts: (value) => value === 'inherit' || isInteger(value, 0, 0o777),
  },
  log: path,
  stdin: stream,
  stdout: stream,
  stderr: stream,
  name: {
    expected: 'letters, digits, ".", "_" and "-", the first a letter or a digit, at most 100',
    accepts: isName,
  },
  pidFile: path,
  ifRunning: oneOf('error', 'ok'),
  closeFds: boolean,
  keepFds: {
    expected: 'an array of descriptors',
    accepts: (value) => isListOf(value, (item) => isInteger(item, 0, maxInt)),
  },
  env: {
    expected: 'an object of strings',
    accepts: (value) =>
      isRecord(value) &&
      Object.keys(value).every((name) => isPath(name) && !name.includes('=')) &&
      Object.values(value).every((item) => item === undefined || isText(item)),
  },
  user: { expected: 'the name or the number of a user', accepts: isId },
  group: { expected: 'the name or the number of a group', accepts: isId },
  groups: {
    expected: 'an array of names or numbers of groups',
    accepts: (value) => isListOf(value, isId),
  },
  chroot: path,
  limits: {
    expected: 'an object with `core` and `nofile`, whole numbers',
    accepts: (value) =>
      isRecord(value) &&
      Object.entries(value).every(
        ([name, limit]) =>
          ['core', 'nofile'].includes(name) &&
          (limit === undefined || isInteger(limit, 0, Number.MAX_SAFE_INTEGER)),
      ),
  },
  oomScoreAdj: integer(-1000, 1000),
  nice: integer(-20, 19),
  title: { expected: 'a string', accepts: isText },
  force: boolean,
  detach: oneOf(true, false, 'auto'),
  strategy: oneOf('auto', 'fork', 'exec'),
  ready: oneOf(...(['detached', 'loaded', 'listening', 'manual'] satisfies Readiness[])),
  readyTimeout: milliseconds(' (for ever)'),
  shutdownTimeout: milliseconds(''),
};

export function accepts(name: keyof DaemonizeOptions, value: unknown): boolean {
  return rules[name].accepts(value);
}

/** What a value of `name` has to be, in words. */
export function expectedOf(name: keyof DaemonizeOptions): string {
  return rules[name].expected;
}

/** A value, as it is shown in a message: in one line, of which the beginning is enough. */
export function show(value: unknown): string {
  const longest = 200;
  const shown = inspect(value, {
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    depth: 1,
    maxArrayLength: 10,
    maxStringLength: 80,
  }).replaceAll('\n', ' ');
  return shown.length <= longest ? shown : `${shown.slice(0, longest)}…`;
}
