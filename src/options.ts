import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { OptionError } from './error.js';
import { nearest } from './nearest.js';

/** `'null'` for /dev/null, `'inherit'` for where it leads, the path of a file, or a descriptor. */
export type StreamTarget = string | number;

/**
 * When the launcher exits with 0: `'detached'` when every step is done, `'manual'` when the program
 * calls `daemon.ready()`.
 */
export type Readiness = 'detached' | 'manual';

/** Settings of {@link daemonize}; relative paths are of the launcher's directory. */
export interface DaemonizeOptions {
  /** The working directory, chdir(2), or `'keep'`. @default '/' */
  cwd?: string;
  /** File mode creation mask, umask(2): 0 to 0o777, or `'inherit'`. @default 0o022 */
  umask?: number | 'inherit';
  /** The file that stdout and stderr are appended to. It is made with mode 0640. */
  log?: string;
  /** @default 'null' */
  stdin?: StreamTarget;
  /** Wins over `log`. @default 'null' */
  stdout?: StreamTarget;
  /** Wins over `log`. @default 'null' */
  stderr?: StreamTarget;
  /** @default 'detached' */
  ready?: Readiness;
  /** How long the launcher waits for readiness, in milliseconds; 0: for ever. @default 60000 */
  readyTimeout?: number;
}

/** Every setting, checked, with absolute paths. */
export type Settings = Readonly<
  Required<Omit<DaemonizeOptions, 'log'>> & { log: string | undefined }
>;

interface Rule {
  expected: string;
  accepts(value: unknown): boolean;
  resolve?(value: never): unknown;
}

const readinesses: readonly unknown[] = ['detached', 'manual'] satisfies Readiness[];
const maxTimeout = 2 ** 31 - 1;
const maxDescriptor = 2 ** 31 - 1;

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0');
const isInteger = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;

const stream: Rule = {
  expected: "'null', 'inherit', a path or a descriptor",
  accepts: (value) => isPath(value) || isInteger(value, maxDescriptor),
  resolve: (value: StreamTarget) =>
    typeof value === 'number' || value === 'null' || value === 'inherit' ? value : resolve(value),
};

const rules: Record<keyof DaemonizeOptions, Rule> = {
  cwd: {
    expected: "a path or 'keep'",
    accepts: isPath,
    resolve: (value: string) => (value === 'keep' ? value : resolve(value)),
  },
  umask: {
    expected: "an integer from 0 to 0o777 or 'inherit'",
    accepts: (value) => value === 'inherit' || isInteger(value, 0o777),
  },
  log: { expected: 'a path', accepts: isPath, resolve: (value: string) => resolve(value) },
  stdin: stream,
  stdout: stream,
  stderr: stream,
  ready: {
    expected: "'detached' or 'manual'",
    accepts: (value) => readinesses.includes(value),
  },
  readyTimeout: {
    expected: `a whole number of milliseconds from 0 (for ever) to ${maxTimeout}`,
    accepts: (value) => isInteger(value, maxTimeout),
  },
};

/**
 * Checks `options` and fills in the defaults.
 *
 * @throws OptionError for a wrong type, a value out of range, or an unknown name.
 */
export function resolveOptions(options: DaemonizeOptions): Settings {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionError(`Expected the options to be an object, got ${show(options)}`);
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!isOption(name)) throw new OptionError(unknownOption(name));
    if (value === undefined) continue;
    const rule = rules[name];
    if (!rule.accepts(value))
      throw new OptionError(
        `Expected the \`${name}\` option to be ${rule.expected}, got ${show(value)}`,
      );
    given[name] = rule.resolve ? rule.resolve(value as never) : value;
  }
  const { log } = given;
  return Object.freeze({
    cwd: '/',
    umask: 0o022,
    log: undefined,
    stdin: 'null',
    stdout: log ?? 'null',
    stderr: log ?? 'null',
    ready: 'detached',
    readyTimeout: 60_000,
    ...given,
  } as Settings);
}

/** What a value of `name` has to be, in words. */
export function expectedOf(name: keyof DaemonizeOptions): string {
  return rules[name].expected;
}

export function accepts(name: keyof DaemonizeOptions, value: unknown): boolean {
  return rules[name].accepts(value);
}

function isOption(name: string): name is keyof DaemonizeOptions {
  return Object.hasOwn(rules, name);
}

function unknownOption(name: string): string {
  const near = nearest(name, Object.keys(rules));
  return `Unknown option \`${name}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`;
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 1, maxStringLength: 80 });
}
