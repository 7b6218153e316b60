/**
 * The foreground on a system that there is no addon for: what Node itself can do there.
 */
import { setPriority } from 'node:os';

import type { NativeDaemon } from './binding.js';
import { DaemonError } from './error.js';
import type { Settings } from './settings.js';
import { enterDirectory } from './working-directory.js';

const none = -1;

/**
 * @throws DaemonError `ERR_DAEMON_PLATFORM` for an option that Node has no means for, before anything
 *   is changed; those of `cwd`.
 */
export function stayWithoutAddon(settings: Settings): NativeDaemon {
  const option = beyondNode(settings);
  if (option !== undefined)
    throw new DaemonError('ERR_DAEMON_PLATFORM', {
      what: `there is no addon for ${process.platform} on ${process.arch}, which \`${option}\` needs`,
    });
  enterDirectory(settings.cwd);
  if (settings.umask !== 'inherit') process.umask(settings.umask);
  if (settings.nice !== undefined) setPriority(settings.nice);
  return {
    pid: process.pid,
    launcherPid: process.pid,
    statusFd: none,
    finalStderr: none,
    pidFile: none,
    pidDirectory: none,
    notifySocket: none,
    user: '',
    home: '',
    copies: [],
  };
}

/** Of `limits`, that no core is dumped is root's default, and no reason to refuse. */
function beyondNode(settings: Settings): keyof Settings | undefined {
  const { stdin, stdout, stderr, limits, keepFds } = settings;
  const needed: [keyof Settings, boolean][] = [
    ['pidFile', settings.pidFile !== undefined],
    ['log', settings.log !== undefined],
    ['stdin', stdin !== 'inherit'],
    ['stdout', stdout !== 'inherit'],
    ['stderr', stderr !== 'inherit'],
    ['user', settings.user !== undefined],
    ['group', settings.group !== undefined],
    ['groups', settings.groups !== undefined],
    ['chroot', settings.chroot !== undefined],
    ['limits', limits.nofile !== undefined || (limits.core ?? 0) > 0],
    ['oomScoreAdj', settings.oomScoreAdj !== undefined],
    ['keepFds', keepFds.length > 0],
  ];
  return needed.find(([, isNeeded]) => isNeeded)?.[0];
}
