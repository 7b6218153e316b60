import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { processesWith } from '../helpers/proc.mjs';
import { backtraces, threadDump } from '../helpers/thread-dump.mjs';

/**
 * Keeps what can be known of a run that failed, before its processes are ended: what it wrote, how processes of it
 * ended, where every thread of those that still run stands.
 *
 * @param {{error: unknown, reaped: import('../helpers/reaper.mjs').Reaped, dir: string, id: string, into: string}} run
 * @returns {Promise<string>} the failure, and where the rest is
 */
export async function keepFailure({ error, reaped, dir, id, into }) {
  const kept = join(into, basename(dir));
  mkdirSync(kept, { recursive: true });
  cpSync(dir, kept, { recursive: true });

  const processes = processesWith('TEST_SCENE', id);
  const dumps = processes.map(({ pid }) => threadDump(pid));
  for (const { pid } of processes) {
    const stacks = await backtraces(pid);
    if (stacks !== undefined) writeFileSync(join(kept, `gdb-${pid}.txt`), stacks);
  }

  const log = join(dir, 'log');
  const text = [
    error instanceof Error ? error.stack : String(error),
    `ends: ${JSON.stringify([...reaped.ends])}`,
    `output: ${JSON.stringify(reaped.output)}`,
    `log: ${existsSync(log) ? readFileSync(log, 'utf8') : 'none'}`,
    ...dumps,
  ].join('\n');
  writeFileSync(join(kept, 'failure.txt'), `${text}\n`);
  return `${text}\n(kept in ${kept})`;
}
