import { Argument, type Command } from 'commander';

import { names } from './list.js';

// What is told to the shell when there is nothing to suggest, and when there is.
const files = 0;
const noFiles = 4;

const shells = ['bash', 'zsh', 'fish'];

/** The script of a shell asks `tsdaemon complete -- WORDS...` for what could follow. */
export function addCompletion(program: Command, makeProgram: () => Command): void {
  const complete = async (): Promise<void> => {
    const completed = makeProgram();
    await addTab(completed);
    await completed.parseAsync(process.argv);
  };
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the one that is to read it').choices(shells))
    .action(async (shell: string) => {
      await complete();
      // Its script for bash counts on file names being completed by default, and does not ask for it.
      if (shell === 'bash') console.log('complete -o default -F __tsdaemon_complete tsdaemon');
    })
    .addHelpText(
      'after',
      `
That of bash needs the package bash-completion.

Examples:
  $ source <(tsdaemon completion bash)
  $ tsdaemon completion fish > ~/.config/fish/completions/tsdaemon.fish`,
    );
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(complete);
}

async function addTab(program: Command): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const root = tab(program, { completionCommandName: 'completion' });
  // It always forbids the shell to complete files, which is what a script and a log are.
  Object.defineProperty(root, 'directive', {
    get: () => (root.completions.length > 0 ? noFiles : files),
    set: () => {},
  });
  for (const command of root.commands.values()) {
    const name = command.options.get('name');
    const suggest = (suggestOne: (name: string, description: string) => void): void => {
      for (const known of names()) suggestOne(known, '');
    };
    if (name !== undefined) name.handler = suggest;
    if (command.arguments.has('name')) command.argument('name', suggest);
  }
}
