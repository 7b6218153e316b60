import { nodeLines } from '../../scripts/node-lines.mjs';

/** A Node to test with. */
export interface Line {
  major: number;
  version: string;
  execPath: string;
}

/** The two ways in, the preload and the call: by the fork, and by the exec strategy. */
export type Entry = 'early' | 'daemonize' | 'early by exec' | 'daemonize by exec';

export const lines: Line[] = nodeLines();

export const entries: Entry[] = ['early', 'daemonize'];

const entriesByExec: Entry[] = ['early by exec', 'daemonize by exec'];

/** For the exec strategy, which has no part in what a Node is inside. */
const linesForExec = new Set([lines[0], lines.at(-1)]);

export function isEarly(entry: Entry): boolean {
  return entry.startsWith('early');
}

export function strategyOf(entry: Entry): 'fork' | 'exec' {
  return entry.endsWith('by exec') ? 'exec' : 'fork';
}

/**
 * Whether the daemon is the very program that was started. A fresh runtime runs its code a second
 * time, and has none of what that had done by then: a server that listens, what was read of stdin, a
 * stream that led to the terminal, a script that came by stdin.
 */
export function carriesState(entry: Entry): boolean {
  return strategyOf(entry) === 'fork';
}

/** Every line by every way in. */
export const starts = lines.flatMap((line) =>
  [...entries, ...(linesForExec.has(line) ? entriesByExec : [])].map((entry) => ({
    line,
    entry,
    name: `on Node ${line.major}, by ${entry}`,
  })),
);

/** Those where the program holds the handle. */
export const calls = starts.filter(({ entry }) => !isEarly(entry));
