import { existsSync, readFileSync } from 'node:fs';

/**
 * One system call of a start; `a`, `b` and `c` are its arguments in hexadecimal.
 * @typedef {{role: string, call: string, nth: number, process: number, a: string, b: string, c: string, text: string}} Call
 */

/** What helpers/c/faults.c has written. @param {string} path */
export function readRecord(path) {
  /** @type {Call[]} */
  const calls = [];
  let isHit = false;
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  for (const line of lines) {
    const [role = '', call = '', nth, process, a = '', b = '', c = '', ...text] = line.split(' ');
    if (role === 'hit') isHit = true;
    else if (call !== '')
      calls.push({
        ...{ role, call, nth: Number(nth), process: Number(process), a, b, c },
        text: text.join(' '),
      });
  }
  return { calls, isHit };
}
