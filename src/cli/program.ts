/**
 * The commands, and what is said of them.
 */
import { Command, CommanderError } from 'commander';

import { OptionError } from '../error.js';
import { addCompletion } from './completion.js';
import { usage } from './failure.js';
import { addList } from './list.js';
import { addLogs } from './logs.js';
import { write } from './output.js';
import { addRestart } from './restart.js';
import { addSignals } from './signal.js';
import { addStart } from './start.js';
import { addStatus } from './status.js';
import { addStop } from './stop.js';
import { addUnit } from './unit.js';

const { version } = require('../../package.json') as { version: string };

/** @throws OptionError, DaemonError */
export async function run(argv: readonly string[]): Promise<void> {
  const program = makeProgram();
  addCompletion(program, makeProgram);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    if (error.code !== 'commander.help') throw refusal(error, program, argv[2]);
    process.exitCode = usage; // The help was shown for want of a command.
  }
}

/** The parser's own errors, in the form of ours. */
function refusal({ message }: CommanderError, program: Command, word = ''): OptionError {
  const what = message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ');
  const isCommand = program.commands.some((command) => command.name() === word);
  return new OptionError(`${what}; see "tsdaemon ${isCommand ? `${word} ` : ''}--help"`);
}

function makeProgram(): Command {
  const program = new Command('tsdaemon')
    .description('Node.js programs as Linux daemons')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: write, outputError: () => undefined })
    .showSuggestionAfterError();
  addStart(program);
  addStop(program);
  addRestart(program);
  addSignals(program);
  addStatus(program);
  addList(program);
  addLogs(program);
  addUnit(program);
  return program;
}
