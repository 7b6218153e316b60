/**
 * SIGTERM, SIGINT and SIGHUP where the program has no listener of its own: one that has is not
 * interfered with.
 */
import { constants } from 'node:os';

import type { Daemon, StoppingHandler } from './handle.js';

const ends = ['SIGTERM', 'SIGINT'] as const;
const hangup = 'SIGHUP';

/** Returns what takes the answers back. */
export function answerSignals(
  daemon: Daemon,
  shutdownTimeout: number,
  beforeEnd: () => void,
): () => void {
  let stopping = false;

  const onEnd = (signal: NodeJS.Signals): void => {
    if (isListenedTo(signal)) return;
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
    if (isListenedTo(hangup)) return;
    daemon.reopenLogs();
    daemon.emit('reload');
  };
  const ignore = (): void => {
    for (const signal of ends) process.removeListener(signal, onEnd);
    process.removeListener(hangup, onHangup);
  };

  // First, so that a listener that is called once is still counted when ours is called.
  for (const signal of ends) process.prependListener(signal, onEnd);
  process.prependListener(hangup, onHangup);
  return ignore;
}

function isListenedTo(signal: NodeJS.Signals): boolean {
  return process.listenerCount(signal) > 1;
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
