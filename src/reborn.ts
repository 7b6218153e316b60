/**
 * The exec strategy: the program is executed a second time, and finds out by a token in its
 * environment that it is the daemon.
 */
import { absoluteFlags } from './absolute-flags.js';
import { loadBinding, type NativeDaemon, type Plan } from './binding.js';
import { commandLine } from './command-line.js';
import { listenEnvironment } from './listen-fds.js';
import { isRoot } from './places.js';
import { checkExecutableAgain } from './script.js';

const variable = 'TSDAEMON_REBORN';

/** As what, and from where, the program was started: options mean what they meant there. */
export interface Origin {
  directory: string;
  isRoot: boolean;
}

/** Of this process, as it is now. */
export function originHere(): Origin {
  return { directory: process.cwd(), isRoot: isRoot() };
}

/** What the first run tells the second. */
interface Legacy {
  launcherPid: number;
  origin: Origin;
}

/** What is known in the second run. */
export interface Reborn {
  origin: Origin;
  native: NativeDaemon;
}

type Program = Pick<Plan, 'execPath' | 'token' | 'arguments' | 'environment'>;

/**
 * The program, as it is to be executed again; from another directory where the user may not enter
 * this one, or in another root.
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
  const legacy: Legacy = { launcherPid: process.pid, origin };
  return {
    execPath: process.execPath,
    arguments: [process.argv0, ...execArgv, ...words],
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    token: `${variable}=${encodeURIComponent(JSON.stringify(legacy))}`,
  };
}

// As soon as the package is loaded: no child is to inherit it.
const reborn = takeToken();

/** The second run, if this is one. */
export function rebornProcess(): Reborn | undefined {
  return reborn;
}

/** The token is for this very process. */
function takeToken(): Reborn | undefined {
  const token = process.env[variable];
  if (token === undefined) return undefined;
  delete process.env[variable];
  const [legacy = '', user = '', home = '', numbers = ''] = token.split(':');
  const [pid, ...handed] = numbers.split(',').map(Number);
  if (pid !== process.pid) return undefined;
  const { launcherPid, origin } = JSON.parse(decodeURIComponent(legacy)) as Legacy;
  return { origin, native: { pid, launcherPid, user, home, copies: [], ...take(handed) } };
}

/** The native side, native/core/reexec.cc, writes a 0 for a descriptor that there is not. */
function take(
  handed: readonly number[],
): Pick<NativeDaemon, 'statusFd' | 'finalStderr' | 'pidFile' | 'pidDirectory'> {
  const [statusFd = -1, finalStderr = -1, pidFile = -1, pidDirectory = -1, ...kept] = handed.map(
    (fd) => fd || -1,
  );
  loadBinding().takeHanded(statusFd, finalStderr, pidFile, pidDirectory, kept);
  return { statusFd, finalStderr, pidFile, pidDirectory };
}
