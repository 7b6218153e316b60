import type { Plan, PlannedStream } from './binding.js';
import { descriptorsToKeep } from './listen-fds.js';
import { launcherMessages } from './messages.js';
import type { StreamTarget } from './options.js';
import type { Settings } from './settings.js';

const asItIs = -1;

/** What the native side is told: numbers, paths and descriptors. */
export function makePlan(settings: Settings): Plan {
  const notifySocket = process.env['NOTIFY_SOCKET'] ?? '';
  return {
    cwd: settings.cwd === 'keep' ? '' : settings.cwd,
    umask: settings.umask === 'inherit' ? asItIs : settings.umask,
    stdin: plannedStream(settings.stdin),
    stdout: plannedStream(settings.stdout),
    stderr: plannedStream(settings.stderr),
    pidFile: settings.pidFile ?? '',
    user: String(settings.user ?? ''),
    group: String(settings.group ?? ''),
    groups: settings.groups?.map(String) ?? null,
    chroot: settings.chroot ?? '',
    limitCore: settings.limits.core ?? asItIs,
    limitNofile: settings.limits.nofile ?? asItIs,
    oomScoreAdj: settings.oomScoreAdj ?? null,
    nice: settings.nice ?? null,
    allowsChildren: settings.force,
    closesInherited: settings.closeFds,
    kept: [...settings.keepFds, ...descriptorsToKeep()],
    notifySocket,
    readyTimeout: settings.readyTimeout,
    execPath: '',
    token: '',
    arguments: [],
    environment: [],
    messages: launcherMessages(settings),
  };
}

function plannedStream(target: StreamTarget): PlannedStream {
  if (target === 'null') return null;
  return target === 'inherit' ? undefined : target;
}
