import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { OptionError } from './error.js';
import { nearest } from './nearest.js';
import { placesOf } from './places.js';

/** `'null'` for /dev/null, `'inherit'` for where it leads, the path of a file, or a descriptor. */
export type StreamTarget = string | number;

/**
 * When the launcher exits with 0: `'detached'` when every step is done, `'loaded'` when the main
 * module has finished, its top-level await included, `'listening'` when the first server listens,
 * `'manual'` when the program calls `daemon.ready()`.
 */
export type Readiness = 'detached' | 'loaded' | 'listening' | 'manual';

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
  /**
   * Names the daemon, and picks the conventional places for what is not given: `/run/NAME.pid` and
   * `/var/log/NAME.log` for root, `$XDG_RUNTIME_DIR` and `$XDG_STATE_HOME` for others.
   */
  name?: string;
  /** The pid file: locked for the daemon's life, so that there are never two of them. */
  pidFile?: string;
  /**
   * What a second start is: an error (`ERR_DAEMON_RUNNING`, exit status 3), or `'ok'`: the launcher
   * exits with 0. @default 'error'
   */
  ifRunning?: 'error' | 'ok';
  /** @default 'detached' */
  ready?: Readiness;
  /** How long the launcher waits for readiness, in milliseconds; 0: for ever. @default 60000 */
  readyTimeout?: number;
  /**
   * How long the `stopping` handlers may take after a SIGTERM or a SIGINT, in milliseconds.
   * @default 15000
   */
  shutdownTimeout?: number;
}

/** Every setting, checked, with absolute paths. */
export type Settings = Readonly<
  Required<Omit<DaemonizeOptions, 'log' | 'name' | 'pidFile'>> &
    Pick<DaemonizeOptions, 'log' | 'name' | 'pidFile'>
>;

interface Rule {
  expected: string;
  accepts(value: unknown): boolean;
  resolve?(value: never): unknown;
}

const readinesses: readonly unknown[] = [
  'detached',
  'loaded',
  'listening',
  'manual',
] satisfies Readiness[];
const maxTimeout = 2 ** 31 - 1;
const maxDescriptor = 2 ** 31 - 1;

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0');
const isInteger = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;

const stream: Rule = {
  expected: "'null', 'inherit', a path or a descriptor",
  accepts: (value) => isPath(value) || isInteger(value, maxDescriptor),
  resolve: (value: StreamTarget) => (isFile(value) ? resolve(value) : value),
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
  name: {
    expected: 'letters, digits, ".", "_" and "-", the first a letter or a digit',
    accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,99}$/.test(value),
  },
  pidFile: { expected: 'a path', accepts: isPath, resolve: (value: string) => resolve(value) },
  ifRunning: {
    expected: "'error' or 'ok'",
    accepts: (value) => value === 'error' || value === 'ok',
  },
  ready: {
    expected: "'detached', 'loaded', 'listening' or 'manual'",
    accepts: (value) => readinesses.includes(value),
  },
  readyTimeout: {
    expected: `a whole number of milliseconds from 0 (for ever) to ${maxTimeout}`,
    accepts: (value) => isInteger(value, maxTimeout),
  },
  shutdownTimeout: {
    expected: `a whole number of milliseconds from 0 to ${maxTimeout}`,
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
  const places = typeof given['name'] === 'string' ? placesOf(given['name']) : undefined;
  const log = given['log'] ?? places?.log;
  return Object.freeze({
    cwd: '/',
    umask: 0o022,
    log,
    stdin: 'null',
    stdout: log ?? 'null',
    stderr: log ?? 'null',
    pidFile: places?.pidFile,
    ifRunning: 'error',
    ready: 'detached',
    readyTimeout: 60_000,
    shutdownTimeout: 15_000,
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

/** Whether a stream leads to a file that has a path. */
export function isFile(target: StreamTarget): target is string {
  return typeof target === 'string' && target !== 'null' && target !== 'inherit';
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
