/**
 * What follows Node and its flags on the command line.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const atLoad = process.argv.slice(1);
const flags = [...process.execArgv];

let given: readonly string[] | undefined;

/** For a program that was started as another one: what Node is given if it is executed again. */
export function executeAgainWith(words: readonly string[]): void {
  given = words;
}

/** The script and its arguments, as this process was started with, in `directory`. */
export function commandLine(directory: string): readonly string[] {
  if (given !== undefined) return given;
  const words = wordsOfKernel();
  // Behind it an argument that looks like a flag of Node's is none.
  if (isEvaluated()) return ['--', ...(words ?? atLoad)];
  if (words === undefined) return atLoad;
  const [script, ...rest] = words;
  if (script === undefined || script === '-') return words;
  return [/^(file|data):/.test(script) ? script : resolve(directory, script), ...rest];
}

/** Whether the script itself is among the flags. */
export function isEvaluated(): boolean {
  return flags.some((word) =>
    ['-e', '--eval', '-p', '-pe', '--print'].includes(word.split('=', 1)[0] ?? ''),
  );
}

/** Programs change `process.argv`, and the kernel's words by `process.title`; nobody both alike. */
function wordsOfKernel(): string[] | undefined {
  const words = readCommandLine().split('\0').slice(1, -1);
  if (flags.some((flag, i) => flag !== words[i])) return undefined;
  const rest = words.slice(flags.length);
  if (rest[0] === '--') rest.shift();
  // A title fills what it leaves of the words with zeros.
  return rest.length < atLoad.length || rest[0] === '' ? undefined : rest;
}

/** Empty where there is no /proc. */
function readCommandLine(): string {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8');
  } catch {
    return '';
  }
}
