import { nodeLines } from '../../scripts/node-lines.mjs';

/** A Node to test with. */
export interface Line {
  major: number;
  version: string;
  execPath: string;
}

/** The two ways in: the preload, and the call. */
export type Entry = 'early' | 'daemonize';

export const lines: Line[] = nodeLines();

export const entries: Entry[] = ['early', 'daemonize'];

/** Every line by every way in. */
export const starts = lines.flatMap((line) =>
  entries.map((entry) => ({ line, entry, name: `on Node ${line.major}, by ${entry}` })),
);
