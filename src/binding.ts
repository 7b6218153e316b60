/**
 * The addon's exports: the other side of native/addon.cc, and the only way to it.
 */
import { loadAddon } from './load.js';

/** Where a stream leads: a path, a descriptor, `null` for /dev/null, `undefined` for where it is. */
export type PlannedStream = string | number | null | undefined;

/** All that the native side is told. */
export interface Plan {
  /** Absolute; empty: stay. */
  cwd: string;
  /** Negative: as it is. */
  umask: number;
  stdin: PlannedStream;
  stdout: PlannedStream;
  stderr: PlannedStream;
  readyWhenDetached: boolean;
  /** Milliseconds; 0: for ever. */
  readyTimeout: number;
  messages: LauncherMessages;
}

/** What the launcher prints when no JavaScript runs in it any more; `{pid}` and `{status}` are filled in. */
export interface LauncherMessages {
  exited: string;
  killed: string;
  lost: string;
  late: string;
  interrupted: string;
}

/** The steps of `native/core/result.h`. */
export type NativeStep =
  | 'support'
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'prepare'
  | 'freeze'
  | 'survey'
  | 'fork'
  | 'umask'
  | 'chdir'
  | 'revive'
  | 'handover';

/** Why a process cannot be forked with its threads. */
export type Obstacle =
  | 'none'
  | 'proc-missing'
  | 'tracer'
  | 'shadow-stack'
  | 'thread-block'
  | 'lock-layout'
  | 'kernel-poller';

/** A step that failed, in a launcher that is as it was. */
export interface NativeFailure {
  step: NativeStep;
  /** A positive number of errno(3), 0 if there is none. */
  errno: number;
  obstacle: Obstacle;
  /** Of `freeze`: the id of a thread that did not stop. */
  thread: number;
  /** Of `handover`: as wait(2) gives it. */
  waitStatus: number;
}

/** Returned in the daemon. */
export interface NativeDaemon {
  pid: number;
  launcherPid: number;
  /** Where readiness is to be told; negative: it is told. */
  statusFd: number;
}

export interface Binding {
  daemonize(plan: Plan): NativeDaemon | NativeFailure;
  obstacle(): Obstacle;
  /** Tells the launcher, and closes `statusFd`. */
  reportReady(statusFd: number): void;
}

let binding: Binding | undefined;

/**
 * @throws DaemonError `ERR_DAEMON_PLATFORM` where there is no addon for this system.
 */
export function loadBinding(): Binding {
  binding ??= loadAddon() as Binding;
  return binding;
}
