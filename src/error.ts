/**
 * Every error of the package: one class, one code a step, one table of messages.
 */
import type { SignalName } from './signal-names.js';

/** What failed, and what the table below needs to say it in words. */
export interface ErrorContext {
  step?: string | undefined;
  /** A name of errno(3), as `ENOENT`. */
  errno?: string | undefined;
  /** What the system says of `errno`. */
  reason?: string | undefined;
  syscall?: string | undefined;
  path?: string | undefined;
  pid?: number | undefined;
  exitCode?: number | undefined;
  signal?: SignalName | undefined;
  cause?: unknown;
  /** A part of the message. */
  what?: string | undefined;
}

const because = ({ reason, errno }: ErrorContext): string =>
  errno === undefined ? '' : `: ${reason ?? 'failed'} (${errno})`;

/** What happened; what to do. */
const messages = {
  ERR_DAEMON_PLATFORM: (c) => `${c.what}; use a supported platform, or do not detach`,
  ERR_DAEMON_WORKER: () => 'daemonize() was called in a worker thread; call it on the main thread',
  ERR_DAEMON_ALREADY: (c) =>
    `this process is a daemon already, with pid ${c.pid}; call daemonize() once`,
  ERR_DAEMON_NO_SCRIPT: (c) =>
    `${c.what} cannot become a daemon; start it as "node --require tsdaemon/early app.js"`,
  ERR_DAEMON_OPTION: (c) => c.what ?? 'wrong option',
  ERR_DAEMON_UNSUPPORTED: (c) => `this process cannot be forked with its threads: ${c.what}`,
  ERR_DAEMON_UNFORKABLE: (c) => `this process cannot be forked as it is: ${c.what}`,
  ERR_DAEMON_RUNNING: (c) =>
    `${c.path} is locked by ${c.pid === undefined ? 'another process' : `the process ${c.pid}`}, ` +
    'which runs already; stop that one first',
  ERR_DAEMON_PID_FILE: (c) =>
    `cannot use the pid file ${c.path}${because(c)}; name a regular file in a directory that can be written`,
  ERR_DAEMON_LOCK: (c) =>
    `cannot lock the pid file ${c.path}${because(c)}; name one on a file system that knows flock(2)`,
  ERR_DAEMON_WRITE_PID: (c) => `cannot write the pid file ${c.path}${because(c)}; free some space`,
  ERR_DAEMON_STDIN: (c) =>
    `cannot open ${c.path} for stdin${because(c)}; name a file that can be read, or 'null'`,
  ERR_DAEMON_LOG: (c) =>
    `cannot open ${c.path} for ${c.step}${because(c)}; name a file that can be written, or 'null'`,
  ERR_DAEMON_PREPARE: (c) =>
    `cannot prepare the fork${because(c)}; see the limits of open files and of memory`,
  ERR_DAEMON_FREEZE: (c) =>
    `${c.what ?? 'the threads of the process could not be stopped'}${because(c)}; ` +
    'it may be stopped by a debugger or hang in the kernel',
  ERR_DAEMON_SURVEY: (c) => `cannot read the mappings of the process${because(c)}`,
  ERR_DAEMON_FORK: (c) =>
    `cannot fork${because(c)}; see the limits of processes (ulimit -u) and of memory`,
  ERR_DAEMON_CHDIR: (c) =>
    `cannot enter the directory ${c.path}${because(c)}; name an existing one as \`cwd\``,
  ERR_DAEMON_REVIVE: (c) =>
    `cannot start the threads of the daemon${because(c)}; see the limits of processes (ulimit -u)`,
  ERR_DAEMON_HANDOVER: (c) =>
    `${c.what ?? 'the daemon was not completed'}${because(c)}; the program goes on in the foreground`,
} satisfies Record<string, (context: ErrorContext) => string>;

/** One code a step. */
export type DaemonErrorCode = keyof typeof messages;

/**
 * A daemon could not be made, or not be reached. Where `daemonize()` throws it, the process is
 * exactly as it was.
 */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  /** What failed, for programs: stable. */
  readonly code: DaemonErrorCode;
  /** The step of the start that failed, as `chdir`. */
  readonly step: string | undefined;
  /** The name of the system's error, as `ENOENT`; see errno(3). */
  readonly errno: string | undefined;
  /** The system call that failed. */
  readonly syscall: string | undefined;
  /** The file or directory that it is about. */
  readonly path: string | undefined;
  /** The process that it is about. */
  readonly pid: number | undefined;
  /** How a process ended, if it exited. */
  readonly exitCode: number | undefined;
  /** How a process ended, if a signal ended it. */
  readonly signal: SignalName | undefined;

  constructor(code: DaemonErrorCode, context: ErrorContext = {}) {
    super(
      messages[code](context),
      context.cause === undefined ? undefined : { cause: context.cause },
    );
    this.code = code;
    this.step = context.step;
    this.errno = context.errno;
    this.syscall = context.syscall;
    this.path = context.path;
    this.pid = context.pid;
    this.exitCode = context.exitCode;
    this.signal = context.signal;
  }
}

/** A wrong option, or a wrong environment variable: `TypeError`, with the code `ERR_DAEMON_OPTION`. */
export class OptionError extends TypeError {
  readonly code = 'ERR_DAEMON_OPTION';
}
