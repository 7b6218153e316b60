import { resolve } from 'node:path';

import type { Command } from 'commander';

import { OptionError } from '../error.js';
import { accepts, expectedOf, show } from '../option-rules.js';
import { placesOf } from '../places.js';

/** How a daemon is named on the command line. */
export interface TargetOptions {
  name?: string | undefined;
  pidFile?: string | undefined;
}

/** The daemon that a command is for. */
export interface Target {
  name: string | undefined;
  pidFile: string;
  /** What it is called in messages. */
  label: string;
}

export function addTarget(command: Command): Command {
  return command
    .argument(
      '[name]',
      'the name it was started with (default: $TSDAEMON_NAME or $TSDAEMON_PID_FILE)',
    )
    .option('--name <name>', 'the same')
    .option('--pid-file <path>', 'the pid file it was started with, instead of a name');
}

/**
 * By its name, its pid file, or the variables that `start` heeds as well.
 *
 * @throws OptionError if none of them is given, or two that contradict each other.
 */
export function targetOf(word: string | undefined, flags: TargetOptions): Target {
  if (word !== undefined && flags.name !== undefined && word !== flags.name)
    throw new OptionError(`Which daemon, ${show(word)} or ${show(flags.name)}? Give one name`);
  const options = { ...flags, name: word ?? flags.name };
  if (options.name !== undefined && options.pidFile !== undefined)
    throw new OptionError('Which daemon? Give its name, or its --pid-file, and not both');
  const given = options.name ?? options.pidFile;
  const { TSDAEMON_NAME, TSDAEMON_PID_FILE } = given === undefined ? process.env : {};
  const { name = TSDAEMON_NAME, pidFile = TSDAEMON_PID_FILE } = options;
  if (name !== undefined && !accepts('name', name))
    throw new OptionError(`Expected the name to be ${expectedOf('name')}, got ${show(name)}`);
  const path = pidFile ?? (name === undefined ? undefined : placesOf(name).pidFile);
  if (path === undefined || !accepts('pidFile', path))
    throw new OptionError('Which daemon? Give its name, or its --pid-file');
  return { name, pidFile: resolve(path), label: name ?? resolve(path) };
}
