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
  /** Names or numbers; empty: as it is. */
  user: string;
  group: string;
  /** `null`: those of the user. */
  groups: readonly string[] | null;
  /** Absolute; empty: none. */
  chroot: string;
  /** Negative: as it is. */
  limitCore: number;
  limitNofile: number;
  /** `null`: as it is. */
  oomScoreAdj: number | null;
  nice: number | null;
  allowsChildren: boolean;
  closesInherited: boolean;
  kept: readonly number[];
  /** Of a supervisor; empty: none. */
  notifySocket: string;
  /** Milliseconds; 0: for ever. */
  readyTimeout: number;
  /** Of the exec strategy: what is executed, and by which variable it knows itself. */
  execPath: string;
  token: string;
  arguments: readonly string[];
  environment: readonly string[];
  messages: LauncherMessages;
}

/** What the launcher prints when no JavaScript runs in it any more; `{pid}` and `{status}` are filled in. */
export interface LauncherMessages {
  exited: string;
  killed: string;
  lost: string;
  late: string;
  lateExtended: string;
  unanswered: string;
  interrupted: string;
  /** At a terminal; empty: nothing is said. */
  waiting: string;
  ready: string;
}

/** The steps of `native/core/result.h`. */
export type NativeStep =
  | 'children'
  | 'user'
  | 'group'
  | 'groups'
  | 'limits'
  | 'pid_file'
  | 'lock'
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'support'
  | 'prepare'
  | 'freeze'
  | 'survey'
  | 'fork'
  | 'oom_score_adj'
  | 'chroot'
  | 'chdir'
  | 'nice'
  | 'credentials'
  | 'revive'
  | 'write_pid'
  | 'exec'
  | 'handover';

/** Why a process cannot be forked with its threads. */
export type Obstacle =
  | 'none'
  | 'proc-missing'
  | 'tracer'
  | 'shadow-stack'
  | 'thread-block'
  | 'tid-address'
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
  /** Who holds the `lock`, the first of the `children`, the daemon of `handover`; 0: not known. */
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
  /** Connected to the supervisor, or a negated errno; `undefined`: not yet. */
  notifySocket?: number;
  /** The user it has become, and its home; empty: it has not. */
  user: string;
  home: string;
  /** Descriptors that led to the terminal, and follow stdout. */
  copies: number[];
}

/** What a pid file tells of its daemon: `native/core/control.h`. */
export interface NativeSight {
  state: 'stopped' | 'dead' | 'starting' | 'running' | 'foreign' | 'unknown';
  /** What the file names; 0: nothing. */
  pid: number;
  /** Of `unknown`. */
  errno: number;
  /** Of `running`: a pidfd, the caller's to close; else negative. */
  process: number;
}

interface Binding {
  daemonize(plan: Plan): NativeDaemon | NativeFailure;
  /** Returns in the launcher alone. */
  daemonizeByExec(plan: Plan): NativeFailure;
  /** In the program that was executed anew: closes what it was handed at its own execs, and `kept`. */
  takeHanded(
    statusFd: number,
    finalStderr: number,
    pidFile: number,
    pidDirectory: number,
    kept: readonly number[],
  ): void;
  /** The same in the foreground. */
  stay(plan: Plan): NativeDaemon | NativeFailure;
  obstacle(): Obstacle;
  /** Of the process; asked for without `node:worker_threads`, which takes 2 ms to load. */
  isMainThread(): boolean;
  /** Tells the launcher, and closes both descriptors; the launcher's end is waited for, or not. */
  reportReady(statusFd: number, finalStderr: number, waits: boolean): void;
  /** The last `length` bytes that were written to stderr are to be shown by the launcher. */
  reportError(statusFd: number, length: number): void;
  /** The launcher waits for so long from now on. */
  extendStartTimeout(statusFd: number, milliseconds: number): void;
  /** Returns 0 or an errno. */
  writePid(pidFile: number): number;
  /** If `name` still is the locked file; and unlocks it. */
  removePidFile(pidFile: number, pidDirectory: number, name: string): void;
  /** Lets a log stream, and the copies of it, lead to `path` opened anew. Returns 0 or an errno. */
  reopen(stream: number, path: string, copies: readonly number[]): number;
  /** `to` leads where `from` does, dup3(2). */
  duplicate(from: number, to: number): void;
  /** Returns a descriptor, or a negated errno. */
  connectNotifySocket(address: string): number;
  /** One datagram; a busy supervisor is waited for, or not. Returns 0 or an errno. */
  notify(socket: number, message: string, waits: boolean): number;
  /** False for a socketpair(2). */
  isAddressedSocket(fd: number): boolean;
  /** Returns 0 or an errno. */
  closeOnExec(fd: number): number;
  findDaemon(pidFile: string): NativeSight;
  /** By a pidfd. Returns 0 or an errno: ESRCH when the process has ended. */
  sendSignal(process: number, signal: number): number;
  hasEnded(process: number): boolean;
}

let binding: Binding | undefined;

/**
 * @throws DaemonError `ERR_DAEMON_PLATFORM` where there is no addon for this system.
 */
export function loadBinding(): Binding {
  binding ??= loadAddon() as Binding;
  return binding;
}
