/**
 * Every error of the package: one class, one code a step, one table of messages.
 */

import { inspect } from 'node:util';
import { exitStatusOf } from './error-status.js';

import type { SignalName } from './signal-names.js';

/** A value, or the mark by which the launcher fills it in when no JavaScript runs there any more. */
type Value<T> = T | '{pid}' | '{status}' | undefined;

/** What failed, and what the table below needs to say it in words. */
export interface ErrorContext {
  step?: string | undefined;
  /** A name of errno(3), as `ENOENT`. */
  errno?: string | undefined;
  /** What the system says of `errno`. */
  reason?: string | undefined;
  syscall?: string | undefined;
  path?: string | undefined;
  pid?: Value<number>;
  exitCode?: Value<number>;
  signal?: Value<SignalName>;
  cause?: unknown;
  /** A part of the message. */
  what?: string | undefined;
  /** What to do, where it is not what is usual. */
  remedy?: string | undefined;
}

const because = ({ reason, errno }: ErrorContext): string =>
  errno === undefined ? '' : `: ${reason ?? 'failed'} (${errno})`;

/** Another file would not be opened either. */
const unlessTooMany = ({ errno }: ErrorContext, remedy: string): string =>
  errno === 'EMFILE' || errno === 'ENFILE' ? 'see the limit of open files (ulimit -n)' : remedy;

/** What the system says of a file that is none to it, but a way to another one, or to a device. */
const becauseOfFile = (c: ErrorContext): string =>
  because({
    ...c,
    ...(c.errno === 'ELOOP' && { reason: 'it is a symbolic link' }),
    ...(c.errno === 'EMLINK' && { reason: 'it has another name, by a hard link' }),
    ...(c.errno === 'EINVAL' && { reason: 'it is no regular file' }),
    ...(c.errno === 'EEXIST' && { reason: 'it holds something else than a pid' }),
  });

const becauseOfName = (c: ErrorContext): string =>
  because({ ...c, ...(c.errno === 'ENOENT' && { reason: 'there is none of this name' }) });

/** Names that there are not, and rights that there are not. */
const becomeOther = ({ errno }: ErrorContext, kind: string): string =>
  errno === 'EPERM' ? 'start it as root, or leave that out' : `name a ${kind} that exists`;

/** The flag of Node that is in the way; or Node is not there for the daemon. */
const executable = ({ what }: ErrorContext): string =>
  what === undefined
    ? 'it has to be there for the user, and in the root directory, of the daemon'
    : 'name its file';

/** What failed: one code a step of the start, and those of the control functions. */
export type DaemonErrorCode =
  | 'ERR_DAEMON_PLATFORM'
  | 'ERR_DAEMON_WORKER'
  | 'ERR_DAEMON_ALREADY'
  | 'ERR_DAEMON_NO_SCRIPT'
  | 'ERR_DAEMON_SCRIPT'
  | 'ERR_DAEMON_OPTION'
  | 'ERR_DAEMON_UNSUPPORTED'
  | 'ERR_DAEMON_UNFORKABLE'
  | 'ERR_DAEMON_RUNNING'
  | 'ERR_DAEMON_PID_FILE'
  | 'ERR_DAEMON_LOCK'
  | 'ERR_DAEMON_WRITE_PID'
  | 'ERR_DAEMON_USER'
  | 'ERR_DAEMON_GROUP'
  | 'ERR_DAEMON_GROUPS'
  | 'ERR_DAEMON_CREDENTIALS'
  | 'ERR_DAEMON_LIMITS'
  | 'ERR_DAEMON_OOM_SCORE_ADJ'
  | 'ERR_DAEMON_NICE'
  | 'ERR_DAEMON_CHROOT'
  | 'ERR_DAEMON_EXEC'
  | 'ERR_DAEMON_STDIN'
  | 'ERR_DAEMON_LOG'
  | 'ERR_DAEMON_PREPARE'
  | 'ERR_DAEMON_FREEZE'
  | 'ERR_DAEMON_SURVEY'
  | 'ERR_DAEMON_FORK'
  | 'ERR_DAEMON_CHDIR'
  | 'ERR_DAEMON_REVIVE'
  | 'ERR_DAEMON_HANDOVER'
  | 'ERR_DAEMON_NOTIFY'
  | 'ERR_DAEMON_LISTEN_FDS'
  | 'ERR_DAEMON_READ_PID'
  | 'ERR_DAEMON_NOT_RUNNING'
  | 'ERR_DAEMON_STARTING'
  | 'ERR_DAEMON_FOREIGN'
  | 'ERR_DAEMON_SIGNAL'
  | 'ERR_DAEMON_DEAF'
  | 'ERR_DAEMON_ALIVE'
  | 'ERR_DAEMON_NO_LOG'
  | 'ERR_DAEMON_EXITED'
  | 'ERR_DAEMON_KILLED'
  | 'ERR_DAEMON_LOST'
  | 'ERR_DAEMON_LATE'
  | 'ERR_DAEMON_INTERRUPTED';

/** What happened; what to do. */
const messages: Record<DaemonErrorCode, (context: ErrorContext) => string> = {
  ERR_DAEMON_PLATFORM: (c) => `${c.what}; use a supported platform, or do not detach`,
  ERR_DAEMON_WORKER: () => 'daemonize() was called in a worker thread; call it on the main thread',
  ERR_DAEMON_ALREADY: (c) =>
    `this process is a daemon already, with pid ${c.pid}; call daemonize() once`,
  ERR_DAEMON_NO_SCRIPT: (c) =>
    `${c.what} cannot become a daemon; start it as "node --require tsdaemon/early app.js"`,
  ERR_DAEMON_SCRIPT: (c) => `there is no script ${c.path}; name a file that node could run`,
  ERR_DAEMON_OPTION: (c) => c.what ?? 'wrong option',
  ERR_DAEMON_UNSUPPORTED: (c) => `this process cannot be forked with its threads: ${c.what}`,
  ERR_DAEMON_UNFORKABLE: (c) => `this process cannot be forked as it is: ${c.what}`,
  ERR_DAEMON_RUNNING: (c) =>
    c.pid === undefined
      ? `${c.path} is locked by another process; see who has it open with fuser(1), and stop that one first`
      : `${c.path} is locked by the process ${c.pid}, which runs already; stop that one first`,
  ERR_DAEMON_PID_FILE: (c) =>
    `cannot use the pid file ${c.path}${becauseOfFile(c)}; ${unlessTooMany(c, c.errno === 'EEXIST' ? 'name another file, or remove this one' : 'name a regular file in a directory that can be written')}`,
  ERR_DAEMON_LOCK: (c) =>
    `cannot lock the pid file ${c.path}${because(c)}; name one on a file system that knows flock(2)`,
  ERR_DAEMON_WRITE_PID: (c) => `cannot write the pid file ${c.path}${because(c)}; free some space`,
  ERR_DAEMON_USER: (c) =>
    `cannot become the user ${c.what}${becauseOfName(c)}; ${becomeOther(c, 'user')}`,
  ERR_DAEMON_GROUP: (c) =>
    c.errno === 'EINVAL'
      ? `cannot tell the group of the user ${c.what}, which is in no list of users; give \`group\` too`
      : `cannot become the group ${c.what}${becauseOfName(c)}; ${becomeOther(c, 'group')}`,
  ERR_DAEMON_GROUPS: (c) =>
    `cannot have the groups ${c.what}${becauseOfName(c)}; ${becomeOther(c, 'group')}`,
  ERR_DAEMON_CREDENTIALS: (c) =>
    `cannot change the credentials${because(c)}; start it as root, with CAP_SETUID and CAP_SETGID`,
  ERR_DAEMON_LIMITS: (c) =>
    c.errno === 'EBADF'
      ? `cannot set the limits ${c.what}, below which standard streams are open; raise nofile above them`
      : `cannot set the limits ${c.what}${because(c)}; stay below the hard ones (ulimit -H), or start it as root`,
  ERR_DAEMON_OOM_SCORE_ADJ: (c) =>
    `cannot set oomScoreAdj to ${c.what}${because(c)}; only root may lower it`,
  ERR_DAEMON_NICE: (c) => `cannot set nice to ${c.what}${because(c)}; only root may lower it`,
  ERR_DAEMON_CHROOT: (c) =>
    `cannot make ${c.path} the root directory${because(c)}; name an existing one, as root`,
  ERR_DAEMON_EXEC: (c) => `cannot execute ${c.path} again${c.what ?? because(c)}; ${executable(c)}`,
  ERR_DAEMON_STDIN: (c) =>
    `cannot open ${c.path} for stdin${because(c)}; ${unlessTooMany(c, "name a file that can be read, or 'null'")}`,
  ERR_DAEMON_LOG: (c) =>
    `cannot open ${c.path} for ${c.step === 'log' ? 'the log' : c.step}${because(c)}; ${unlessTooMany(c, c.remedy ?? "name a file that can be written, or 'null'")}`,
  ERR_DAEMON_PREPARE: (c) =>
    `cannot prepare the fork${because(c)}; see the limits of open files and of memory`,
  ERR_DAEMON_FREEZE: (c) =>
    `${c.what ?? 'the threads of the process could not be stopped'}${because(c)}; ` +
    (c.errno === 'EAGAIN'
      ? 'its user has as many signals queued as there may be: see the limit (ulimit -i), and who does not take them'
      : 'it may be stopped by a debugger or hang in the kernel'),
  ERR_DAEMON_SURVEY: (c) =>
    `cannot read the mappings of the process${because(c)}; let it read them, or set \`strategy\` to 'exec'`,
  ERR_DAEMON_FORK: (c) =>
    `cannot fork${because(c)}; see the limits of processes (ulimit -u) and of memory`,
  ERR_DAEMON_CHDIR: (c) =>
    `cannot enter the directory ${c.path}${because(c)}; name an existing one as \`cwd\``,
  ERR_DAEMON_REVIVE: (c) =>
    `cannot start the threads of the daemon${because(c)}; see the limits of processes (ulimit -u)`,
  ERR_DAEMON_HANDOVER: (c) =>
    `${c.what ?? 'the daemon was not completed'}${because(c)} before it was complete; start it again`,
  ERR_DAEMON_NOTIFY: (c) =>
    `cannot tell the supervisor at ${c.path}${because(c)}; see what NOTIFY_SOCKET leads to`,
  ERR_DAEMON_LISTEN_FDS: (c) =>
    `${c.what}${because(c)}; see who has set LISTEN_FDS for this process`,
  ERR_DAEMON_READ_PID: (c) =>
    `cannot look at the pid file ${c.path}${becauseOfFile(c)}; name the pid file of a daemon`,
  ERR_DAEMON_NOT_RUNNING: (c) => `the daemon of ${c.path} does not run; start it first`,
  ERR_DAEMON_STARTING: (c) =>
    `the daemon of ${c.path} is still being started; try again when it has been`,
  ERR_DAEMON_FOREIGN: (c) =>
    `${c.path} is locked, but not by ${c.pid === 0 ? 'a process' : `the process ${c.pid}`} that it ` +
    'names, which is none of ours to signal; see who has it open with fuser(1)',
  ERR_DAEMON_SIGNAL: (c) =>
    `cannot send ${c.signal} to the daemon ${c.pid}${because(c)}; do it as its user, or as root`,
  ERR_DAEMON_DEAF: (c) =>
    `the daemon ${c.pid} does not listen for ${c.signal}, which would end it; let it listen, or restart it`,
  ERR_DAEMON_ALIVE: (c) =>
    `the daemon ${c.pid} has not ended ${c.what} after ${c.signal}; see what it waits for`,
  ERR_DAEMON_NO_LOG: (c) =>
    `${c.what}${c.errno === undefined ? '' : `${because(c)}; do it as its user, or as root`}`,
  ERR_DAEMON_EXITED: (c) =>
    `the daemon ${c.pid} exited with ${c.exitCode} before it was ready; ${c.what}`,
  ERR_DAEMON_KILLED: (c) =>
    `the daemon ${c.pid} was ended by signal ${c.signal} before it was ready; ${c.what}`,
  ERR_DAEMON_LOST: (c) =>
    `the daemon ${c.pid} closed its channel before it was ready, and was ended; ${c.what}`,
  ERR_DAEMON_LATE: (c) => `the daemon ${c.pid} was not ready in time, and was ended: ${c.what}`,
  ERR_DAEMON_INTERRUPTED: (c) =>
    `the start was ended by signal ${c.signal}, and the daemon ${c.pid} with it; start it again`,
};

/** The text for `code`, without an error. */
export function messageOf(code: DaemonErrorCode, context: ErrorContext): string {
  return oneLine(messages[code](context));
}

/** A path, or a name, may hold a line break, or what a terminal obeys. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => inspect(control).slice(1, -1));
}

/**
 * A daemon could not be made, or not be reached. Where `daemonize()` throws it, the process is
 * exactly as it was. The message says what happened, and what to do.
 */
export class DaemonError extends Error {
  /** Of the class. */
  override readonly name = 'DaemonError';
  /** What failed, for programs: stable. */
  readonly code: DaemonErrorCode;
  /** The step of the start that failed, as `chdir`. */
  declare readonly step?: string;
  /** The name of the system's error, as `ENOENT`; see errno(3). */
  declare readonly errno?: string;
  /** The system call that failed. */
  declare readonly syscall?: string;
  /** The file or directory that it is about. */
  declare readonly path?: string;
  /** The process that it is about. */
  declare readonly pid?: number;
  /** How a process ended, if it exited. */
  declare readonly exitCode?: number;
  /** How a process ended, if a signal ended it. */
  declare readonly signal?: SignalName;

  /** @internal */
  constructor(code: DaemonErrorCode, context: ErrorContext = {}) {
    const { cause, what: _, reason: __, remedy: ___, ...facts } = context;
    super(messageOf(code, context), cause === undefined ? undefined : { cause });
    this.code = code;
    for (const [name, fact] of Object.entries(facts))
      if (fact !== undefined) Object.defineProperty(this, name, { value: fact, enumerable: true });
  }

  /** What a program that ends by this error exits with, as if it had not caught it. */
  get exitStatus(): number {
    return exitStatusOf(this);
  }
}

/** A wrong option, or a wrong environment variable: `TypeError`, with the code `ERR_DAEMON_OPTION`. */
export class OptionError extends TypeError {
  readonly code = 'ERR_DAEMON_OPTION';

  constructor(message: string) {
    super(oneLine(message));
  }

  get exitStatus(): number {
    return exitStatusOf(this);
  }
}
