/**
 * What a TypeScript program may write, and may not: compiled by `npm run lint`, never run.
 */
import type { EventEmitter } from 'node:events';
import {
  type Daemon,
  type DaemonError,
  type DaemonizeOptions,
  daemonize,
  forkSupport,
  isDaemon,
  listenFds,
} from 'tsdaemon';

const options: DaemonizeOptions = {
  cwd: 'keep',
  umask: 'inherit',
  log: 'server.log',
  stdin: 'null',
  stdout: 5,
  stderr: '/var/log/server.err',
  ready: 'manual',
  readyTimeout: 0,
};

export const daemon: Daemon = daemonize(options);
export const emitter: EventEmitter = daemon;
export const facts: [number, number, string, 'fork' | 'exec' | 'none'] = [
  daemon.pid,
  daemon.launcherPid,
  daemon.launchDirectory,
  daemon.strategy,
];
daemon.ready();
daemon.ready('serving');
daemon.status('at work');
export const sockets: { fd: number; name: string }[] = listenFds().map((socket) => ({ ...socket }));
daemonize();
daemonize({ umask: 0o027 });

export const { supported, reason }: { supported: boolean; reason?: string | undefined } =
  forkSupport();
export const already: boolean = isDaemon();

export function explain(error: DaemonError): string {
  const { name, code, step, errno, syscall, path } = error;
  return [name, code, step, errno, syscall, path].join(' ');
}

// @ts-expect-error: no such option
daemonize({ umaks: 0 });
// @ts-expect-error: a umask is a number
daemonize({ umask: '022' });
// @ts-expect-error: a log is a path
daemonize({ log: 5 });
// @ts-expect-error: no such readiness
daemonize({ ready: 'soon' });
// @ts-expect-error: a handle is read only
daemon.pid = 1;
