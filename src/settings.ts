import { OptionError } from './error.js';
import { rules, show } from './option-rules.js';
import type { DaemonizeOptions, Limits } from './options.js';
import { type Origin, originHere } from './origin.js';
import { placesOf } from './places.js';

/** Options that may stay without a value. */
type Optional =
  | 'log'
  | 'name'
  | 'pidFile'
  | 'user'
  | 'group'
  | 'groups'
  | 'chroot'
  | 'oomScoreAdj'
  | 'nice'
  | 'title';

/** Of the options those that have a value. */
type Given = { [Name in keyof DaemonizeOptions]: Exclude<DaemonizeOptions[Name], undefined> };

/** Every option, checked, with absolute paths and the defaults filled in. */
export type Settings = Readonly<Required<Omit<Given, Optional>> & Pick<Given, Optional>>;

/**
 * Checks `options` and fills in the defaults; as the process that was started would read them.
 *
 * @throws OptionError for a wrong type, a value out of range, or an unknown name.
 */
export function resolveOptions(options: DaemonizeOptions, origin = originHere()): Settings {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionError(`Expected the options to be an object, got ${show(options)}`);
  const given: Given = {};
  for (const [name, value] of Object.entries(options))
    if (value !== undefined)
      Object.assign(given, { [name]: checked(name, value, origin.directory) });
  return Object.freeze(withDefaults(given, origin));
}

function checked(name: string, value: unknown, directory: string): unknown {
  if (!isOption(name)) throw new OptionError(unknownOption(name));
  const rule = rules[name];
  if (!rule.accepts(value))
    throw new OptionError(
      `Expected the \`${name}\` option to be ${rule.expected}, got ${show(value)}`,
    );
  return rule.resolve ? rule.resolve(value as never, directory) : value;
}

function withDefaults(given: Given, { isRoot }: Origin): Settings {
  const places = given.name === undefined ? undefined : placesOf(given.name, isRoot);
  const log = given.log ?? places?.log;
  const stays = given.detach === false;
  return {
    cwd: stays ? 'keep' : '/',
    umask: 0o022,
    stdin: stays ? 'inherit' : 'null',
    stdout: log ?? (stays ? 'inherit' : 'null'),
    stderr: log ?? (stays ? 'inherit' : 'null'),
    ifRunning: 'error',
    closeFds: false,
    keepFds: [],
    env: {},
    force: false,
    detach: true,
    strategy: 'auto',
    ready: 'detached',
    readyTimeout: 60_000,
    shutdownTimeout: 15_000,
    ...given,
    limits: limitsOf(given.limits, isRoot),
    ...(log === undefined ? {} : { log }),
    ...(places === undefined ? {} : { pidFile: given.pidFile ?? places.pidFile }),
  };
}

function limitsOf({ core, nofile }: Limits = {}, isRoot: boolean): Limits {
  return {
    ...(core === undefined ? isRoot && { core: 0 } : { core }),
    ...(nofile !== undefined && { nofile }),
  };
}

function isOption(name: string): name is keyof DaemonizeOptions {
  return Object.hasOwn(rules, name);
}

function unknownOption(name: string): string {
  const { nearest } = require('./nearest.js') as typeof import('./nearest.js');
  const near = nearest(name, Object.keys(rules));
  return `Unknown option \`${name}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`;
}
