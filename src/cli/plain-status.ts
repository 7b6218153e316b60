import { resolve } from 'node:path';

import { look } from '../look.js';
import { isName } from '../name.js';
import { placesOf } from '../places.js';
import { showStatus } from './status-text.js';
import type { Target } from './target.js';

/**
 * Does `status` where there is nothing to explain, and returns whether it has: mistakes, help and what
 * cannot be told are for the parser of all commands, whose loading alone takes a third of the time
 * that Node needs to start.
 */
export function plainStatus([command, ...words]: readonly string[]): boolean {
  if (command !== 'status') return false;
  const asJson = words.at(-1) === '--json';
  const target = plainTarget(asJson ? words.slice(0, -1) : words);
  if (target === undefined) return false;
  const { state, pid } = look(target.pidFile);
  if (state !== 'running' && state !== 'stopped' && state !== 'dead') return false;
  showStatus(target, pid === 0 ? { state } : { state, pid }, asJson);
  return true;
}

/** Of `NAME`, `--name NAME` or `--pid-file PATH`, where they are as they should be. */
function plainTarget(words: readonly string[]): Target | undefined {
  const [flag, value = ''] = words.length === 1 ? ['--name', ...words] : words;
  if (words.length > 2) return undefined;
  if (flag === '--pid-file' && /^[^-]/.test(value)) {
    const pidFile = resolve(value);
    return { name: undefined, pidFile, label: pidFile };
  }
  if (flag !== '--name' || !isName(value)) return undefined;
  return { name: value, pidFile: placesOf(value).pidFile, label: value };
}
