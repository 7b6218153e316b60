/**
 * How this process was told to load the preload, and how that is taken back: `process.execArgv` and
 * `NODE_OPTIONS` are inherited by children, cluster workers and Workers.
 */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ownName = 'tsdaemon/early';
const ownFile = join(__dirname, 'early.js');

const preloadFlags: readonly string[] = ['-r', '--require', '--import'];

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
export function absolutePreloads(directory: string, leftOut?: string): Inherited {
  const settle = (specifier: string): string | undefined => {
    const file = specifier === ownName ? ownFile : resolveFrom(directory, specifier);
    return file !== undefined && file === leftOut ? undefined : (file ?? specifier);
  };
  const nodeOptions = process.env['NODE_OPTIONS'] ?? '';
  const words = splitNodeOptions(nodeOptions).map(unquote);
  const settled = mapPreloads(words, settle);
  return {
    execArgv: mapPreloads(process.execArgv, settle),
    nodeOptions: isSame(words, settled) ? nodeOptions : settled.map(quote).join(' '),
  };
}

/** Takes our own preload out of `process.execArgv` and `NODE_OPTIONS`, and makes the others absolute. */
export function settlePreloads(launchDirectory: string): void {
  const { execArgv, nodeOptions } = absolutePreloads(launchDirectory, ownFile);
  process.execArgv.splice(0, process.execArgv.length, ...execArgv);
  if (nodeOptions !== '') process.env['NODE_OPTIONS'] = nodeOptions;
  else delete process.env['NODE_OPTIONS'];
}

/** The files of the `--import` flags, in the order in which Node loads them. */
export function importedPreloads(directory: string): string[] {
  const { execArgv, nodeOptions } = absolutePreloads(directory);
  const words = [...splitNodeOptions(nodeOptions).map(unquote), ...execArgv];
  const specifiers: string[] = [];
  mapPreloads(words, (specifier, flag) => {
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
  return words.some((word) => flags.includes(word.split('=', 1)[0] ?? ''));
}

export function hasImportedPreloads(): boolean {
  return hasPreloads(['--import']);
}

/** The words with each preload's specifier replaced, or left out with its flag. */
function mapPreloads(
  words: readonly string[],
  map: (specifier: string, flag: string) => string | undefined,
): string[] {
  const mapped: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [flag = '', inline] = splitAtEquals(word);
    const next = words[i + 1];
    if (!preloadFlags.includes(flag)) {
      mapped.push(word);
    } else if (inline !== undefined) {
      const specifier = map(inline, flag);
      if (specifier !== undefined) mapped.push(`${flag}=${specifier}`);
    } else if (next !== undefined) {
      const specifier = map(next, flag);
      if (specifier !== undefined) mapped.push(word, specifier);
      i++;
    }
  }
  return mapped;
}

function splitAtEquals(word: string): [string, string?] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** The file that Node has loaded for `specifier`, `undefined` if it is none that CommonJS finds. */
function resolveFrom(directory: string, specifier: string): string | undefined {
  try {
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier;
    const file = createRequire(join(directory, 'preload')).resolve(path);
    return isAbsolute(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Node's own rule: words are parted by spaces; within double quotes a backslash escapes. */
function splitNodeOptions(options: string): string[] {
  return options.match(/(?:"(?:\\.|[^"\\])*"|[^ "])+/g) ?? [];
}

function unquote(word: string): string {
  return word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) =>
    quoted.replace(/\\(.)/g, '$1'),
  );
}

function quote(word: string): string {
  return /[ "\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
