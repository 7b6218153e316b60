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
  /** Absolute; empty: none. */
  pidFile: string;
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
  | 'pid_file'
  | 'lock'
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'prepare'
  | 'freeze'
  | 'survey'
  | 'fork'
  | 'umask'
  | 'chdir'
  | 'write_pid'
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
  /** Of `lock`: who holds it; 0 if that is not known. */
  pid: number;
  /** Of `handover`: as wait(2) gives it. */
  waitStatus: number;
}

/** Returned in the daemon. */
export interface NativeDaemon {
  pid: number;
  launcherPid: number;
  /** Where readiness is to be told; negative: it is told. */
  statusFd: number;
  /** What stderr becomes when it is told; negative: it is. */
  finalStderr: number;
  /** The pid file, locked, and its directory; negative: none. */
  pidFile: number;
  pidDirectory: number;
  /** Descriptors that led to the terminal, and follow stdout. */
  copies: number[];
}

export interface Binding {
  daemonize(plan: Plan): NativeDaemon | NativeFailure;
  obstacle(): Obstacle;
  /** Tells the launcher, and closes both descriptors. */
  reportReady(statusFd: number, finalStderr: number): void;
  /** The launcher waits for so long from now on. */
  extendStartTimeout(statusFd: number, milliseconds: number): void;
  /** If `name` still is the locked file. */
  removePidFile(pidFile: number, pidDirectory: number, name: string): void;
  /** Lets a log stream, and the copies of it, lead to `path` opened anew. Returns 0 or an errno. */
  reopen(stream: number, path: string, copies: readonly number[]): number;
  /** `to` leads where `from` does, dup3(2). */
  duplicate(from: number, to: number): void;
}

let binding: Binding | undefined;

/**
 * @throws DaemonError `ERR_DAEMON_PLATFORM` where there is no addon for this system.
 */
export function loadBinding(): Binding {
  binding ??= loadAddon() as Binding;
  return binding;
}
