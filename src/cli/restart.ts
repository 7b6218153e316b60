import type { Command } from 'commander';

import { OptionError } from '../error.js';
import { resolveOptions } from '../settings.js';
import { addDaemonOptions } from './daemon-options.js';
import { findScript } from './main-script.js';
import { launch, startOptions } from './start.js';
import { addStopOptions, stopAndTell, stopOptions } from './stop.js';

type Given = Parameters<typeof stopOptions>[0] & Record<string, unknown>;

export function addRestart(program: Command): void {
  const command = program
    .command('restart')
    .description('end a daemon if it runs, and start it as "start" does')
    .argument('<script>', 'what would be given to node')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions();
  addStopOptions(addDaemonOptions(command))
    .action(async (script: string, args: string[], given: Given) => {
      // All that can be checked is checked before the old one is ended.
      const path = findScript(script);
      const options = startOptions(given);
      const { pidFile, name } = resolveOptions(options);
      if (pidFile === undefined)
        throw new OptionError(
          'Which daemon? Give its --name, or its --pid-file, before the script',
        );
      await stopAndTell({ name, pidFile, label: name ?? pidFile }, stopOptions(given));
      launch(path, args, options);
    })
    .addHelpText(
      'after',
      `
Nothing is remembered of a start: give what "start" was given. The options and the script are checked before the old
daemon is ended. Exit status: that of "start", or of "stop" if the old one does not end.

Example:
  $ tsdaemon restart --name api server.js --port 8080`,
    );
}
