/**
 * What {@link daemonize} can be told.
 */

/** `'null'` for /dev/null, `'inherit'` for where it leads, the path of a file, or a descriptor. */
export type StreamTarget = string | number;

/**
 * When the launcher exits with 0: `'detached'` when every step is done, `'loaded'` when the main
 * module has finished, its top-level await included, and nothing was thrown, `'listening'` when the
 * first server listens, `'manual'` when the program calls `daemon.ready()`.
 */
export type Readiness = 'detached' | 'loaded' | 'listening' | 'manual';

/** Resource limits, getrlimit(2): the soft and the hard one. */
export interface Limits {
  /** The size of a core dump in bytes. @default 0 for root, as it is for others */
  core?: number | undefined;
  /** The number of open files. @default as it is */
  nofile?: number | undefined;
}

/** Settings of {@link daemonize}; relative paths are of the launcher's directory. */
export interface DaemonizeOptions {
  /** The working directory, chdir(2), or `'keep'`. @default '/'; in the foreground `'keep'` */
  cwd?: string | undefined;
  /** File mode creation mask, umask(2): 0 to 0o777, or `'inherit'`. @default 0o022 */
  umask?: number | 'inherit' | undefined;
  /**
   * The file that stdout and stderr are appended to, open(2) with `O_APPEND`. It is made with mode 0640,
   * before privileges are dropped. @default none; that of the `name`
   */
  log?: string | undefined;
  /** Where stdin comes from. @default 'null'; in the foreground `'inherit'` */
  stdin?: StreamTarget | undefined;
  /** Where stdout goes; wins over `log`. @default 'null'; in the foreground `'inherit'` */
  stdout?: StreamTarget | undefined;
  /** Where stderr goes; wins over `log`. @default 'null'; in the foreground `'inherit'` */
  stderr?: StreamTarget | undefined;
  /**
   * Names the daemon, and picks the conventional places for what is not given: `/run/NAME.pid` and
   * `/var/log/NAME.log` for root, `$XDG_RUNTIME_DIR` and `$XDG_STATE_HOME` for others. Letters, digits,
   * `.`, `_` and `-`, the first a letter or a digit, at most 100. @default none
   */
  name?: string | undefined;
  /**
   * The pid file: locked by flock(2) for the daemon's life, so that there are never two of them. No
   * symbolic link. @default none; that of the `name`
   */
  pidFile?: string | undefined;
  /**
   * What a second start is: an error (`ERR_DAEMON_RUNNING`, exit status 3), or `'ok'`: the launcher
   * exits with 0. @default 'error'
   */
  ifRunning?: 'error' | 'ok' | undefined;
  /**
   * Close what the launcher itself inherited beyond 0 to 2, a pipe or a lock of the one who started
   * it, close_range(2). Descriptors of Node are kept; a file that the program has opened looks like an
   * inherited one, and has to be among `keepFds`. @default true for `tsdaemon/early`, false for `daemonize()`
   */
  closeFds?: boolean | undefined;
  /** Descriptors that are not closed by `closeFds`, close(2). @default [] */
  keepFds?: readonly number[] | undefined;
  /** Variables to set, or with `undefined` to remove, in the daemon's environment, environ(7). @default none */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * The user to become, setresuid(2), by name or number; its groups and its HOME, USER and LOGNAME with
   * it. @default as it is
   */
  user?: string | number | undefined;
  /** The group to become, setresgid(2), by name or number. @default the user's own */
  group?: string | number | undefined;
  /** The supplementary groups, setgroups(2). @default the user's own */
  groups?: readonly (string | number)[] | undefined;
  /** The directory to make the root of the file system, chroot(2); `cwd` is within it. @default none */
  chroot?: string | undefined;
  /** Resource limits, setrlimit(2). @default no core dumps for root */
  limits?: Limits | undefined;
  /** From -1000 to 1000, proc_pid_oom_score_adj(5). @default as it is */
  oomScoreAdj?: number | undefined;
  /** From -20 to 19, setpriority(2). @default as it is */
  nice?: number | undefined;
  /** `process.title` of the daemon, what ps(1) shows. @default as it is */
  title?: string | undefined;
  /**
   * Go on though there are child processes: they stay the launcher's, and the daemon never learns of
   * their end. @default false, true for `tsdaemon/early`
   */
  force?: boolean | undefined;
  /**
   * `true` makes a daemon, of the kind that daemon(7) calls SysV; `false` stays in the foreground, where
   * everything else holds; `'auto'` stays there under a supervisor, as systemd(1). `TSDAEMON_FOREGROUND` in the environment wins: 1 stays,
   * 0 detaches.
   * @default true, `'auto'` for `tsdaemon/early`
   */
  detach?: boolean | 'auto' | undefined;
  /**
   * `'fork'` carries the running program into the daemon. `'exec'` executes it anew there, with the
   * same arguments: the code before `daemonize()` runs a second time, and the second call returns at
   * once. `'auto'` forks where {@link forkSupport} says that it can. @default 'auto'
   */
  strategy?: 'auto' | 'fork' | 'exec' | undefined;
  /** When the launcher exits with 0. @default 'detached', `'loaded'` for `tsdaemon/early` */
  ready?: Readiness | undefined;
  /**
   * How long the launcher waits for readiness, in milliseconds; 0: for ever. What is not ready by then
   * is ended, and the launcher exits with 124. @default 60000
   */
  readyTimeout?: number | undefined;
  /**
   * How long the `stopping` handlers may take after a SIGTERM or a SIGINT, in milliseconds.
   * @default 15000
   */
  shutdownTimeout?: number | undefined;
}
