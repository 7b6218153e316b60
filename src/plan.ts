import type { Plan, PlannedStream } from './binding.js';
import { launcherMessages } from './messages.js';
import type { Settings, StreamTarget } from './options.js';

/** What the native side is told: numbers, paths and descriptors. */
export function makePlan(settings: Settings): Plan {
  return {
    cwd: settings.cwd === 'keep' ? '' : settings.cwd,
    umask: settings.umask === 'inherit' ? -1 : settings.umask,
    stdin: plannedStream(settings.stdin),
    stdout: plannedStream(settings.stdout),
    stderr: plannedStream(settings.stderr),
    pidFile: settings.pidFile ?? '',
    readyWhenDetached: settings.ready === 'detached',
    readyTimeout: settings.readyTimeout,
    messages: launcherMessages(settings),
  };
}

function plannedStream(target: StreamTarget): PlannedStream {
  if (target === 'null') return null;
  return target === 'inherit' ? undefined : target;
}
