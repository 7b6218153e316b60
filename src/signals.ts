/**
 * SIGTERM, SIGINT and SIGHUP where the program has no listener of its own: one that has is not
 * interfered with.
 */
import { constants } from 'node:os';

import type { Daemon, StoppingHandler } from './handle.js';
import { listenAlone } from './lone-listener.js';
import type { Notifier } from './notify.js';

const ends = ['SIGTERM', 'SIGINT'] as const;
const hangup = 'SIGHUP';

/** Returns what takes the answers back. */
export function answerSignals(
  daemon: Daemon,
  supervisor: Notifier,
  shutdownTimeout: number,
  beforeEnd: () => void,
): () => void {
  let stopping = false;

  const onEnd = (signal: NodeJS.Signals): void => {
    supervisor.stopping();
    const end = (): void => {
      beforeEnd();
      ignore();
      endBy(signal);
    };
    // A second signal does not wait for the handlers of the first.
    const atOnce = stopping || daemon.listenerCount('stopping') === 0;
    stopping = true;
    if (atOnce) end();
    else void withDeadline(callStoppingHandlers(daemon, signal), shutdownTimeout).then(end);
  };
  const onHangup = (): void => {
    supervisor.reloading();
    void reload(daemon).finally(() => supervisor.reloaded());
  };

  const ignorers = ends.map((signal) => listenAlone(signal, onEnd));
  if (supervisor.hasSupervisor) {
    // It may wait for the answer to its signal, whoever acts on it.
    process.prependListener(hangup, onHangup);
    ignorers.push(() => process.removeListener(hangup, onHangup));
  } else {
    ignorers.push(listenAlone(hangup, onHangup));
  }
  const ignore = (): void => {
    for (const each of ignorers) each();
  };
  return ignore;
}

async function reload(daemon: Daemon): Promise<void> {
  // The program's own listeners are called after ours.
  if (process.listenerCount(hangup) > 1) return;
  daemon.reopenLogs();
  await Promise.all(daemon.rawListeners('reload').map((handler) => handler.call(daemon)));
}

async function callStoppingHandlers(daemon: Daemon, signal: NodeJS.Signals): Promise<void> {
  for (const handler of daemon.listeners('stopping').reverse() as StoppingHandler[]) {
    try {
      await handler.call(daemon, signal);
    } catch (error) {
      console.error(error);
    }
  }
}

async function withDeadline(work: Promise<void>, timeout: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeout);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}

/** The process ends as it would have without us: by the signal. */
function endBy(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
  // Still here: the signals of pid 1 have no default effect.
  process.exit(128 + constants.signals[signal]);
}
