import { absoluteFlags } from './absolute-flags.js';
import type { Plan } from './binding.js';
import { commandLine } from './command-line.js';
import { listenEnvironment } from './listen-fds.js';
import { originHere } from './origin.js';
import { tokenOf } from './reborn.js';
import { checkExecutableAgain } from './script.js';

type Program = Pick<Plan, 'execPath' | 'token' | 'arguments' | 'environment'>;

/**
 * The program, as the exec strategy executes it a second time; from another directory where the user
 * may not enter this one, or in another root.
 *
 * @throws DaemonError where that cannot be.
 */
export function programAgain(): Program {
  const origin = originHere();
  const words = commandLine(origin.directory);
  checkExecutableAgain(words);
  const { execArgv, nodeOptions } = absoluteFlags(origin.directory);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    ...listenEnvironment(),
    ...(nodeOptions && { NODE_OPTIONS: nodeOptions }),
  };
  delete environment['NODE_UNIQUE_ID'];
  return {
    execPath: process.execPath,
    arguments: [process.argv0, ...execArgv, ...words],
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    token: tokenOf({ launcherPid: process.pid, origin }),
  };
}
