/**
 * The options of `daemonize()` on the command line: of `start`, `restart` and `unit`.
 */
import { type Command, Option } from 'commander';

import { decimal, octal } from '../environment.js';
import type { DaemonizeOptions } from '../options.js';
import { resolveOptions } from '../settings.js';
import { commaSeparated, limits, time, variable, written } from './option-values.js';

interface Flag {
  flags: string;
  description: string;
  choices?: readonly string[];
  /** What cannot be parsed is passed on, for the library to say what is expected. */
  parse?(value: string, previous: unknown): unknown;
}

/** `force` is for child processes, and this command has none; `foreground` is `detach: false`. */
type Name = Exclude<keyof DaemonizeOptions, 'force' | 'detach'> | 'foreground';

const stream = 'null, inherit, a path or a descriptor';

const table: Record<Name, Flag> = {
  name: {
    flags: '--name <name>',
    description:
      'picks the conventional places of the pid file and the log: /run and /var/log for root, ' +
      '$XDG_RUNTIME_DIR and $XDG_STATE_HOME for others',
  },
  pidFile: {
    flags: '--pid-file <path>',
    description: 'locked while the daemon runs, so that there are never two of them',
  },
  log: { flags: '--log <path>', description: 'what stdout and stderr are appended to' },
  ready: {
    flags: '--ready <when>',
    description:
      'when it is ready: the script has run to its end, its first server listens, or before the ' +
      'script (default: loaded)',
    choices: ['loaded', 'listening', 'detached'],
  },
  readyTimeout: {
    flags: '--ready-timeout <time>',
    description: 'how long that may take, as 90s, 1500ms or 5m; 0: for ever (default: 60s)',
    parse: time('--ready-timeout'),
  },
  shutdownTimeout: {
    flags: '--shutdown-timeout <time>',
    description: 'how long its "stopping" handlers may take, as 5s (default: 15s)',
    parse: time('--shutdown-timeout'),
  },
  ifRunning: {
    flags: '--if-running <what>',
    description: 'what a second start is (default: error, with status 3)',
    choices: ['error', 'ok'],
  },
  foreground: {
    flags: '--foreground',
    description: 'do not detach, as by itself under systemd and in a container',
  },
  strategy: {
    flags: '--strategy <how>',
    description: 'how it is made: of this process, or of a fresh one (default: auto)',
    choices: ['auto', 'fork', 'exec'],
  },
  cwd: { flags: '--cwd <path>', description: 'its working directory, or keep (default: /)' },
  umask: {
    flags: '--umask <octal>',
    description: 'its umask, or inherit (default: 022)',
    parse: written('umask', '--umask to be an octal number from 0 to 777 or inherit', octal),
  },
  env: {
    flags: '--env <name=value>',
    description: 'a variable for its environment; may be given several times',
    parse: variable,
  },
  stdin: { flags: '--stdin <target>', description: `${stream} (default: null)`, parse: decimal },
  stdout: { flags: '--stdout <target>', description: 'the same; wins over --log', parse: decimal },
  stderr: { flags: '--stderr <target>', description: 'the same; wins over --log', parse: decimal },
  user: { flags: '--user <user>', description: 'the user to become', parse: decimal },
  group: { flags: '--group <group>', description: "instead of the user's own", parse: decimal },
  groups: {
    flags: '--groups <list>',
    description: "supplementary ones, instead of the user's own",
    parse: commaSeparated,
  },
  chroot: { flags: '--chroot <path>', description: 'the directory to make its root' },
  limits: { flags: '--limits <list>', description: 'as nofile=65536,core=0', parse: limits },
  nice: { flags: '--nice <number>', description: 'from -20 to 19', parse: decimal },
  oomScoreAdj: {
    flags: '--oom-score-adj <number>',
    description: 'from -1000 to 1000',
    parse: decimal,
  },
  title: { flags: '--title <text>', description: 'what ps(1) shows of it' },
  closeFds: { flags: '--no-close-fds', description: 'keep descriptors that it inherits' },
  keepFds: {
    flags: '--keep-fds <list>',
    description: 'keep these alone, as 3,4',
    parse: commaSeparated,
  },
};

/** By which an option of the library is given. */
export function flagOf(option: string): string | undefined {
  return Object.hasOwn(table, option) ? table[option as Name].flags.split(' ')[0] : undefined;
}

export function addDaemonOptions(command: Command): Command {
  for (const { flags, description, choices, parse } of Object.values(table)) {
    const option = new Option(flags, description);
    if (choices !== undefined) option.choices(choices);
    if (parse !== undefined) option.argParser(parse);
    command.addOption(option);
  }
  return command;
}

/** Of all that was given to a command, what is for the daemon. */
export function daemonOptions(given: Record<string, unknown>): DaemonizeOptions {
  const options = Object.entries(given).filter(([name]) => Object.hasOwn(table, name));
  const { foreground, ...rest } = Object.fromEntries(options);
  return { ...rest, ...(foreground === true ? { detach: false } : {}) };
}

/** The words by which these options could be given from any other directory. */
export function wordsOf(options: DaemonizeOptions): string[] {
  const settings = resolveOptions(options);
  const names = Object.keys(options) as (keyof DaemonizeOptions)[];
  const given: Record<string, unknown> = { foreground: settings.detach === false };
  for (const name of names) given[name] = settings[name];
  return Object.entries(table).flatMap(([name, { flags }]) => {
    const [flag = '', value] = flags.split(' ');
    const option = given[name];
    if (value === undefined) return option === (name === 'foreground') ? [flag] : [];
    return option === undefined ? [] : textsOf(name, option).flatMap((text) => [flag, text]);
  });
}

function textsOf(name: string, value: unknown): string[] {
  if (name === 'readyTimeout' || name === 'shutdownTimeout') return [`${value}ms`];
  if (name === 'umask' && typeof value === 'number') return [value.toString(8).padStart(3, '0')];
  if (Array.isArray(value)) return [value.join(',')];
  if (typeof value !== 'object' || value === null) return [String(value)];
  const pairs = Object.entries(value).map((pair) => pair.join('='));
  return name === 'env' ? pairs : [pairs.join(',')];
}
