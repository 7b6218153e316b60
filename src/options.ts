/**
 * What {@link daemonize} can be told.
 */

/** `'null'` for /dev/null, `'inherit'` for where it leads, the path of a file, or a descriptor. */
export type StreamTarget = string | number;

/**
 * When the launcher exits with 0: `'detached'` when every step is done, `'loaded'` when the main
 * module has finished, its top-level await included, `'listening'` when the first server listens,
 * `'manual'` when the program calls `daemon.ready()`.
 */
export type Readiness = 'detached' | 'loaded' | 'listening' | 'manual';

/** Resource limits, getrlimit(2): the soft and the hard one. */
export interface Limits {
  /** The size of a core dump in bytes. @default 0 for root, as it is for others */
  core?: number;
  /** The number of open files. @default as it is */
  nofile?: number;
}

/** Settings of {@link daemonize}; relative paths are of the launcher's directory. */
export interface DaemonizeOptions {
  /** The working directory, chdir(2), or `'keep'`. @default '/' */
  cwd?: string;
  /** File mode creation mask, umask(2): 0 to 0o777, or `'inherit'`. @default 0o022 */
  umask?: number | 'inherit';
  /** The file that stdout and stderr are appended to. It is made with mode 0640. */
  log?: string;
  /** @default 'null' */
  stdin?: StreamTarget;
  /** Wins over `log`. @default 'null' */
  stdout?: StreamTarget;
  /** Wins over `log`. @default 'null' */
  stderr?: StreamTarget;
  /**
   * Names the daemon, and picks the conventional places for what is not given: `/run/NAME.pid` and
   * `/var/log/NAME.log` for root, `$XDG_RUNTIME_DIR` and `$XDG_STATE_HOME` for others.
   */
  name?: string;
  /** The pid file: locked for the daemon's life, so that there are never two of them. */
  pidFile?: string;
  /**
   * What a second start is: an error (`ERR_DAEMON_RUNNING`, exit status 3), or `'ok'`: the launcher
   * exits with 0. @default 'error'
   */
  ifRunning?: 'error' | 'ok';
  /**
   * Close what the launcher itself inherited beyond 0 to 2, a pipe or a lock of the one who started
   * it. Descriptors of Node are kept; a file that the program has opened looks like an inherited one,
   * and has to be among `keepFds`. @default true for `tsdaemon/early`, false for `daemonize()`
   */
  closeFds?: boolean;
  /** Descriptors that are not closed. @default [] */
  keepFds?: readonly number[];
  /** Variables to set, or with `undefined` to remove, in the daemon's environment. @default {} */
  env?: Readonly<Record<string, string | undefined>>;
  /** The user to become, by name or number; its groups and its HOME, USER and LOGNAME with it. */
  user?: string | number;
  /** The group to become. @default the user's own */
  group?: string | number;
  /** The supplementary groups. @default the user's own */
  groups?: readonly (string | number)[];
  /** The directory to make the root of the file system, chroot(2); `cwd` is within it. */
  chroot?: string;
  limits?: Limits;
  /** From -1000 to 1000, proc_pid_oom_score_adj(5). @default as it is */
  oomScoreAdj?: number;
  /** From -20 to 19, setpriority(2). @default as it is */
  nice?: number;
  /** `process.title` of the daemon. @default as it is */
  title?: string;
  /**
   * Go on though there are child processes: they stay the launcher's, and the daemon never learns of
   * their end. @default false
   */
  force?: boolean;
  /**
   * `true` makes a daemon; `false` stays in the foreground, where everything else holds; `'auto'`
   * stays there under a supervisor, as systemd. `TSDAEMON_FOREGROUND` in the environment wins: 1 stays,
   * 0 detaches.
   * @default true, `'auto'` for `tsdaemon/early`
   */
  detach?: boolean | 'auto';
  /**
   * `'fork'` carries the running program into the daemon. `'exec'` executes it anew there, with the
   * same arguments: the code before `daemonize()` runs a second time, and the second call returns at
   * once. `'auto'` forks where {@link forkSupport} says that it can. @default 'auto'
   */
  strategy?: 'auto' | 'fork' | 'exec';
  /** @default 'detached', `'loaded'` for `tsdaemon/early` */
  ready?: Readiness;
  /** How long the launcher waits for readiness, in milliseconds; 0: for ever. @default 60000 */
  readyTimeout?: number;
  /**
   * How long the `stopping` handlers may take after a SIGTERM or a SIGINT, in milliseconds.
   * @default 15000
   */
  shutdownTimeout?: number;
}
