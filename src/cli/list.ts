import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Command } from 'commander';
import { look } from '../look.js';
import { accepts } from '../option-rules.js';
import { placesOf } from '../places.js';
import { type DaemonStatus, statusOf } from '../status.js';
import { isTerminal, stateColours } from './output.js';
import { hasAddon, logOf, memoryOf, uptimeOf } from './process-facts.js';
import { type Column, table } from './table.js';
import { inMegabytes, inWords } from './units.js';

interface Entry extends DaemonStatus {
  name: string;
  uptime?: number | undefined;
  memory?: number | undefined;
  pidFile: string;
  log?: string | undefined;
}

const columns: readonly Column<Entry>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'PID', cell: ({ pid }) => pid?.toString() },
  { title: 'STATE', cell: ({ state }) => state, colour: ({ state }) => stateColours[state] },
  { title: 'UPTIME', cell: ({ uptime }) => (uptime === undefined ? undefined : inWords(uptime)) },
  {
    title: 'MEMORY',
    cell: ({ memory }) => (memory === undefined ? undefined : inMegabytes(memory)),
  },
  { title: 'LOG', cell: ({ log }) => log },
];

const suffix = '.pid';

export function addList(program: Command): void {
  program
    .command('list')
    .alias('ls')
    .description('show the daemons that have a name and run')
    .option('-a, --all', 'every pid file of the conventional place, whoever has written it')
    .option('--json', 'as an array of objects: milliseconds and bytes')
    .addHelpText(
      'after',
      `
The conventional place is /run for root, and $XDG_RUNTIME_DIR or the state directory for others. A daemon that was
started with --pid-file and without a name is not in it: ask "tsdaemon status --pid-file PATH".`,
    )
    .action(({ all, json }: { all?: boolean; json?: boolean }) => {
      const entries = names().map(entryOf);
      // Other programs have their pid files in the same place, and some of them lock them.
      const shown = entries.filter(
        ({ state, pid }) => all || (state === 'running' && hasAddon(pid)),
      );
      if (json) console.log(JSON.stringify(shown));
      else if (shown.length > 0) console.log(table(columns, shown));
      else if (isTerminal(1)) console.log('no daemons');
    });
}

/** The names that have a pid file. */
export function names(): string[] {
  return filesIn(dirname(placesOf('any').pidFile))
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .filter((name) => accepts('name', name))
    .sort();
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // The user's own one is made by the first start.
  }
}

function entryOf(name: string): Entry {
  const { pidFile } = placesOf(name);
  // Others' are looked at as well: none of them is waited for.
  const found = statusOf(look(pidFile), pidFile);
  if (found.state !== 'running') return { name, ...found, pidFile };
  const { pid } = found;
  return { name, ...found, uptime: uptimeOf(pid), memory: memoryOf(pid), pidFile, log: logOf(pid) };
}
