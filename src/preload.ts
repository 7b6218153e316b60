/**
 * How this process was told to load the preload, and how that is taken back: `process.execArgv` and
 * `NODE_OPTIONS` are inherited by children, cluster workers and Workers.
 */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const preloadFlags: readonly string[] = ['-r', '--require', '--import'];

/**
 * Takes every `--require` and `--import` of `own` out of `process.execArgv` and `NODE_OPTIONS`, and
 * makes the others absolute: who inherits them starts in the daemon's directory.
 */
export function settlePreloads(own: string, launchDirectory: string): void {
  const settle = (specifier: string): string | undefined => {
    if (specifier === 'tsdaemon/early') return undefined;
    const file = resolveFrom(launchDirectory, specifier);
    return file === own ? undefined : (file ?? specifier);
  };
  process.execArgv.splice(0, process.execArgv.length, ...mapPreloads(process.execArgv, settle));

  const { NODE_OPTIONS } = process.env;
  if (NODE_OPTIONS === undefined) return;
  const words = splitNodeOptions(NODE_OPTIONS).map(unquote);
  const settled = mapPreloads(words, settle);
  if (settled.join('\0') === words.join('\0')) return;
  if (settled.length === 0) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = settled.map(quote).join(' ');
}

/** Whether a Worker would look for a module that the process was told to load first. */
export function hasPreloads(): boolean {
  const words = [...process.execArgv, ...splitNodeOptions(process.env['NODE_OPTIONS'] ?? '')];
  return words.some((word) => preloadFlags.includes(word.split('=', 1)[0] ?? ''));
}

/** The words with each preload's specifier replaced, or left out with its flag. */
function mapPreloads(
  words: readonly string[],
  map: (specifier: string) => string | undefined,
): string[] {
  const mapped: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [flag = '', inline] = splitAtEquals(word);
    const next = words[i + 1];
    if (!preloadFlags.includes(flag)) {
      mapped.push(word);
    } else if (inline !== undefined) {
      const specifier = map(inline);
      if (specifier !== undefined) mapped.push(`${flag}=${specifier}`);
    } else if (next !== undefined) {
      const specifier = map(next);
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
