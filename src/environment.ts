/**
 * Settings from `TSDAEMON_*`, for the preload.
 */
import { OptionError } from './error.js';
import { accepts, expectedOf, show } from './option-rules.js';
import type { DaemonizeOptions } from './options.js';

const prefix = 'TSDAEMON_';

const text = (value: string): unknown => value;
/** A text that is none is passed on, for the rule of the option to say what is expected. */
export const decimal = (value: string): string | number =>
  /^-?\d+$/.test(value) ? Number(value) : value;
const list =
  (parse: (item: string) => unknown) =>
  (value: string): unknown =>
    value === '' ? [] : value.split(',').map(parse);
const foreground = (value: string): unknown =>
  value === '1' ? false : value === '0' ? true : value;
export const octal = (value: string): string | number =>
  /^(0o)?[0-7]+$/.test(value) ? Number.parseInt(value.replace('0o', ''), 8) : value;

const variables: Record<string, { option: keyof DaemonizeOptions; parse(value: string): unknown }> =
  {
    TSDAEMON_CWD: { option: 'cwd', parse: text },
    TSDAEMON_UMASK: { option: 'umask', parse: octal },
    TSDAEMON_LOG: { option: 'log', parse: text },
    TSDAEMON_STDIN: { option: 'stdin', parse: decimal },
    TSDAEMON_STDOUT: { option: 'stdout', parse: decimal },
    TSDAEMON_STDERR: { option: 'stderr', parse: decimal },
    TSDAEMON_KEEP_FDS: { option: 'keepFds', parse: list(decimal) },
    TSDAEMON_USER: { option: 'user', parse: decimal },
    TSDAEMON_GROUP: { option: 'group', parse: decimal },
    TSDAEMON_GROUPS: { option: 'groups', parse: list(decimal) },
    TSDAEMON_CHROOT: { option: 'chroot', parse: text },
    TSDAEMON_OOM_SCORE_ADJ: { option: 'oomScoreAdj', parse: decimal },
    TSDAEMON_NICE: { option: 'nice', parse: decimal },
    TSDAEMON_TITLE: { option: 'title', parse: text },
    TSDAEMON_FOREGROUND: { option: 'detach', parse: foreground },
    TSDAEMON_STRATEGY: { option: 'strategy', parse: text },
    TSDAEMON_NAME: { option: 'name', parse: text },
    TSDAEMON_PID_FILE: { option: 'pidFile', parse: text },
    TSDAEMON_IF_RUNNING: { option: 'ifRunning', parse: text },
    TSDAEMON_READY: { option: 'ready', parse: text },
    TSDAEMON_READY_TIMEOUT: { option: 'readyTimeout', parse: decimal },
    TSDAEMON_SHUTDOWN_TIMEOUT: { option: 'shutdownTimeout', parse: decimal },
  };

/**
 * @throws OptionError for a wrong value, or a variable that there is not.
 */
export function optionsFromEnvironment(environment: NodeJS.ProcessEnv): DaemonizeOptions {
  const options: Record<string, unknown> = {};
  for (const name of ourVariables(environment)) {
    const [option, value] = read(name, environment[name] ?? '');
    options[option] = value;
  }
  return options as DaemonizeOptions;
}

/**
 * The one variable that `daemonize()` heeds too.
 *
 * @throws OptionError for a wrong value.
 */
export function detachFromEnvironment(environment: NodeJS.ProcessEnv): boolean | undefined {
  const { TSDAEMON_FOREGROUND: text } = environment;
  return text === undefined ? undefined : (read('TSDAEMON_FOREGROUND', text)[1] as boolean);
}

function read(name: string, text: string): [keyof DaemonizeOptions, unknown] {
  const variable = variables[name];
  if (variable === undefined) throw new OptionError(unknownVariable(name));
  const { option, parse } = variable;
  const value = parse(text);
  // Nobody holds a handle whose ready() could be called.
  if (accepts(option, value) && !(option === 'ready' && value === 'manual')) return [option, value];
  throw new OptionError(`Expected ${name} to be ${expected(name, option)}, got ${show(text)}`);
}

/** Or a child that asks for a daemon of its own would inherit our settings. */
export function removeOurVariables(environment: NodeJS.ProcessEnv): void {
  for (const name of ourVariables(environment)) delete environment[name];
}

function ourVariables(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment).filter((name) => name.startsWith(prefix));
}

function expected(name: string, option: keyof DaemonizeOptions): string {
  if (name === 'TSDAEMON_UMASK') return "an octal number from 0 to 777 or 'inherit'";
  if (name === 'TSDAEMON_FOREGROUND') return '0 or 1';
  if (name === 'TSDAEMON_READY') return "'detached', 'loaded' or 'listening'";
  return expectedOf(option);
}

function unknownVariable(name: string): string {
  const { nearest } = require('./nearest.js') as typeof import('./nearest.js');
  const near = nearest(name, Object.keys(variables), prefix);
  return `Unknown environment variable ${name}${near === undefined ? '' : `; did you mean ${near}?`}`;
}
