/**
 * What a TypeScript program may write, and may not. Compiled, never run: by `npm run lint`, and by the test of the
 * tarball, as an ES module and as a CommonJS one.
 */
import type { EventEmitter } from 'node:events';
import {
  type Daemon,
  DaemonError,
  type DaemonErrorCode,
  type DaemonEvents,
  type DaemonizeOptions,
  type DaemonState,
  type DaemonStatus,
  type DaemonStrategy,
  daemonize,
  type ForkSupport,
  forkSupport,
  isDaemon,
  type Limits,
  type ListenFd,
  listenFds,
  type Readiness,
  reload,
  type SignalName,
  type StopOptions,
  type StoppingHandler,
  type StopResult,
  type StreamTarget,
  signal,
  status,
  stop,
} from 'tsdaemon';
import 'tsdaemon/early';

const limits: Limits = { core: 0, nofile: 65_536 };
const stdout: StreamTarget = 5;
const ready: Readiness = 'manual';

const options: DaemonizeOptions = {
  name: 'hello',
  pidFile: 'hello.pid',
  ifRunning: 'ok',
  cwd: 'keep',
  umask: 'inherit',
  log: 'server.log',
  stdin: 'null',
  stdout,
  stderr: '/var/log/server.err',
  env: { PORT: '80', SECRET: undefined },
  user: 'nobody',
  group: 65_534,
  groups: ['nogroup', 65_534],
  chroot: '/srv',
  limits,
  oomScoreAdj: -500,
  nice: 5,
  title: 'hello',
  closeFds: true,
  keepFds: [5],
  force: false,
  detach: 'auto',
  strategy: 'fork',
  ready,
  readyTimeout: 0,
  shutdownTimeout: 5000,
};

export const daemon: Daemon = daemonize(options);
export const emitter: EventEmitter = daemon;
export const strategy: DaemonStrategy = daemon.strategy;
export const facts: [number, number, string, 'fork' | 'exec' | 'none', string | undefined] = [
  daemon.pid,
  daemon.launcherPid,
  daemon.launchDirectory,
  strategy,
  daemon.pidFile,
];
daemon.ready();
daemon.ready('serving');
daemon.status('at work');
daemon.extendStartTimeout(30_000);
daemon.reopenLogs();
daemon.release();

const stopping: StoppingHandler = async (name: SignalName) => console.log(name);
const event: keyof DaemonEvents = 'reload';
daemon
  .on('stopping', stopping)
  .once('stopping', (name) => console.log(name.toLowerCase()))
  .on(event, () => undefined)
  .on('reopen', async () => undefined);

export const sockets: ListenFd[] = listenFds();
export const names: string[] = sockets.map(({ fd, name }) => `${name} ${fd.toFixed()}`);
daemonize();
daemonize({ umask: 0o027 });
// As a variable gives it, of a program that has exactOptionalPropertyTypes.
daemonize({ user: process.env.SERVICE_USER, limits: { nofile: undefined } });

const support: ForkSupport = forkSupport();
export const { supported, reason }: { supported: boolean; reason?: string | undefined } = support;
export const already: boolean = isDaemon();

const given: StopOptions = {
  signal: 'SIGINT',
  timeout: 5000,
  // biome-ignore lint/suspicious/noThenProperty: the option's name
  then: false,
};

export async function control(pidFile: string): Promise<DaemonState> {
  const result: StopResult = await stop(pidFile, given);
  const outcome: 'stopped' | 'killed' | 'not-running' = result.outcome;
  const pids: (number | undefined)[] = [
    result.pid,
    (await stop(pidFile)).pid,
    (await stop(pidFile, { signal: undefined, timeout: undefined })).pid,
    await signal(pidFile, 'SIGUSR2'),
    await reload(pidFile),
  ];
  console.log(outcome, pids);
  const seen: DaemonStatus = status(pidFile);
  return seen.reason === undefined && seen.pid === undefined ? 'unknown' : seen.state;
}

export function explain(error: unknown): string {
  if (!(error instanceof DaemonError)) return '';
  const { name, step, errno, syscall, path, pid, exitCode, signal, cause } = error;
  const code: DaemonErrorCode = error.code;
  const signalled: SignalName | undefined = signal;
  return [name, code, step, errno, syscall, path, pid, exitCode, signalled, cause].join(' ');
}

// @ts-expect-error: no such option
daemonize({ umaks: 0 });
// @ts-expect-error: a umask is a number
daemonize({ umask: '022' });
// @ts-expect-error: a log is a path
daemonize({ log: 5 });
// @ts-expect-error: no such readiness
daemonize({ ready: 'soon' });
// @ts-expect-error: no such strategy
daemonize({ strategy: 'spawn' });
// @ts-expect-error: a handle is read only
daemon.pid = 1;
// @ts-expect-error: no such event
daemon.on('stoping', () => undefined);
// @ts-expect-error: it is given the name of a signal
daemon.on('stopping', (number: number) => number);
// @ts-expect-error: a time is a number
daemon.extendStartTimeout('30s');
// @ts-expect-error: a daemon is named by its pid file
status(4711);
// @ts-expect-error: no such signal
signal('hello.pid', 'SIGHP');
// @ts-expect-error: no such option
stop('hello.pid', { timeuot: 1 });
// @ts-expect-error: no such last resort
// biome-ignore lint/suspicious/noThenProperty: the option's name
stop('hello.pid', { then: 'SIGINT' });
// @ts-expect-error: how long it waits is not to be chosen
reload('hello.pid', 5000);
