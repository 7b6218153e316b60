/**
 * How this process was told to load the preload, and how that is taken back: `process.execArgv` and
 * `NODE_OPTIONS` are inherited by children, cluster workers and Workers.
 */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { flagOf, joinNodeOptions, mapValues, splitNodeOptions } from './node-options.js';
import { fileOfPackageImport } from './package-import.js';

const ownName = 'tsdaemon/early';
const ownFile = join(__dirname, 'early.js');

const requireFlags: readonly string[] = ['-r', '--require'];
export const preloadFlags: readonly string[] = [...requireFlags, '--import'];

/** What children inherit of the command line. */
export interface Inherited {
  execArgv: string[];
  /** Empty: none. */
  nodeOptions: string;
}

/**
 * The same with the preloads' files made absolute, for whoever starts in another directory; without
 * those that are `leftOut`.
 */
function absolutePreloads(directory: string, leftOut?: string): Inherited {
  const settle = (specifier: string, flag: string): string | undefined => {
    const file = fileOfModule(specifier, flag, directory);
    return file !== undefined && file === leftOut ? undefined : (file ?? specifier);
  };
  const nodeOptions = process.env['NODE_OPTIONS'] ?? '';
  const words = splitNodeOptions(nodeOptions);
  const settled = mapValues(words, preloadFlags, settle);
  return {
    execArgv: mapValues(process.execArgv, preloadFlags, settle),
    nodeOptions: isSame(words, settled) ? nodeOptions : joinNodeOptions(settled),
  };
}

/** Takes our own preload out of `process.execArgv` and `NODE_OPTIONS`, and makes the others absolute. */
export function settlePreloads(launchDirectory: string): void {
  const { execArgv, nodeOptions } = absolutePreloads(launchDirectory, ownFile);
  process.execArgv.splice(0, process.execArgv.length, ...execArgv);
  if (nodeOptions !== '') process.env['NODE_OPTIONS'] = nodeOptions;
  else delete process.env['NODE_OPTIONS'];
}

/** The modules that the process was told of by one of `flags`, as they were named. */
export function modulesOf(flags: readonly string[]): string[] {
  const words = [...splitNodeOptions(process.env['NODE_OPTIONS'] ?? ''), ...process.execArgv];
  const specifiers: string[] = [];
  mapValues(words, flags, (specifier) => {
    specifiers.push(specifier);
    return specifier;
  });
  return specifiers;
}

/** The files of the `--import` flags, in the order in which Node loads them. */
export function importedPreloads(directory: string): string[] {
  const { execArgv, nodeOptions } = absolutePreloads(directory);
  const words = [...splitNodeOptions(nodeOptions), ...execArgv];
  const specifiers: string[] = [];
  mapValues(words, preloadFlags, (specifier, flag) => {
    if (flag === '--import') specifiers.push(specifier);
    return specifier;
  });
  return specifiers.filter(isAbsolute);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}

/** Whether there are modules that the process was told to load first, as each Worker is. */
export function hasPreloads(flags = preloadFlags): boolean {
  const words = [...process.execArgv, ...splitNodeOptions(process.env['NODE_OPTIONS'] ?? '')];
  return words.some((word) => flags.includes(flagOf(word)));
}

export function hasImportedPreloads(): boolean {
  return hasPreloads(['--import']);
}

/** The file that Node loads for the `specifier` behind `flag`; `undefined`: none that can be found. */
export function fileOfModule(
  specifier: string,
  flag: string,
  directory: string,
): string | undefined {
  if (specifier === ownName) return ownFile;
  try {
    if (!requireFlags.includes(flag)) {
      const imported = fileOfPackageImport(specifier, directory);
      if (imported !== undefined) return imported;
    }
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier;
    const file = createRequire(join(directory, 'preload')).resolve(path);
    return isAbsolute(file) ? file : undefined;
  } catch {
    return undefined;
  }
}
