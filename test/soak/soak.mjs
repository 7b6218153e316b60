// What grows when daemons are made, and run, for long: memory, descriptors, threads, processes, files.
//
//   npm run soak -- [--minutes N] [--rate N] [--cycles N] [--jobs J] [--thaws N] [--lines 20,22]
//
// --minutes  one daemon on each Node line is at work for so long, all at the same time (default 60)
// --rate     requests a second to each of them (default 20)
// --cycles   daemons made, made ready, and ended, the lines in turn (default 10000)
// --jobs     cycles at the same time (default: one more than cores)
// --thaws    starts on each line that fail after the fork, in one process at work, which then succeeds (default 2500)
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../helpers/install.mjs';
import { countOf, linesOf } from '../stress/arguments.mjs';
import { soakCycles } from './cycles.mjs';
import { soakDaemon } from './daemon.mjs';
import { soakThaws } from './thaws.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '20' },
    cycles: { type: 'string', default: '10000' },
    jobs: { type: 'string', default: String(availableParallelism() + 1) },
    thaws: { type: 'string', default: '2500' },
    lines: { type: 'string' },
  },
});
const count = countOf(values);
const lines = linesOf(values.lines);
const { root, remove } = install();
mkdirSync(join(root, 'runs'));
let failed = false;

/**
 * @param {string} name
 * @param {() => Promise<{problems: string[], did: object, table: Record<string, Record<string, number>>}>} act
 */
async function part(name, act) {
  try {
    const { problems, did, table } = await act();
    console.log(`\n${name}: ${JSON.stringify(did)}`);
    console.table(table);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    failed = true;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
}

try {
  if (count('thaws') > 0)
    for (const line of lines)
      await part(`thaws on Node ${line.version}`, () => soakThaws(root, line, count('thaws')));
  if (count('cycles') > 0)
    await part('cycles', () => soakCycles(root, lines, count('cycles'), count('jobs')));
  if (count('minutes') > 0)
    await Promise.all(
      lines.map((line) =>
        part(`a daemon on Node ${line.version}`, () =>
          soakDaemon(root, line, { minutes: count('minutes'), rate: count('rate') }),
        ),
      ),
    );
} finally {
  remove();
}
process.exitCode = failed ? 1 : 0;
