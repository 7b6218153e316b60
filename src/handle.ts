import { EventEmitter } from 'node:events';

import { OptionError } from './error.js';
import type { LauncherChannel } from './launcher-channel.js';
import { adoptListenFds } from './listen-fds.js';
import { Notifier } from './notify.js';
import { accepts, expectedOf, show } from './option-rules.js';
import { tellPid } from './pid-file.js';
import type { Settings } from './settings.js';
import type { SignalName } from './signal-names.js';
import { answerSignals } from './signals.js';
import type { DaemonStrategy, Started } from './strategy.js';

/** What a daemon is told of its own end. May be asynchronous: it is waited for. */
export type StoppingHandler = (signal: SignalName) => void | Promise<void>;

/** The events of {@link Daemon}, and what their handlers are given. */
export interface DaemonEvents {
  /**
   * SIGHUP, when the program has no listener of its own: read the configuration again. Handlers may
   * be asynchronous: a supervisor is told when the last of them is done.
   */
  reload: [];
  /**
   * The logs were opened anew, by SIGHUP or by `reopenLogs()`; also when one of them could not be, and is
   * written to as before.
   */
  reopen: [];
  /**
   * SIGTERM or SIGINT, when the program has no listener of its own. Handlers are called one after
   * the other, the last registered first, and may take `shutdownTimeout` in all, 15 s if nothing else is
   * said; then the pid file is removed and the signal ends the process. What one of them throws goes to
   * stderr, and the others are called all the same. See signal(7).
   */
  stopping: [signal: SignalName];
}

/** The daemon that this process has become. */
export class Daemon extends EventEmitter<DaemonEvents> {
  /** The process that goes on, which `process.pid` is too from now on. */
  readonly pid: number;
  /** The process that was started; it may be gone. */
  readonly launcherPid: number;
  /** The working directory of the launcher. */
  readonly launchDirectory: string;
  /** How the daemon was made: `'fork'`, `'exec'`, or `'none'` in the foreground. */
  readonly strategy: DaemonStrategy;
  /** The path of the pid file, if there is one. */
  readonly pidFile: string | undefined;

  readonly #settings: Settings;
  readonly #copies: readonly number[];
  readonly #supervisor: Notifier;
  readonly #releasePidFile: () => void;
  readonly #ignoreSignals: () => void;
  readonly #launcher: LauncherChannel;
  #isReady = false;

  /** @internal */
  constructor(
    { native, strategy }: Started,
    launcher: LauncherChannel,
    settings: Settings,
    launchDirectory: string,
    releasePidFile: () => void,
  ) {
    super();
    this.pid = native.pid;
    this.launcherPid = native.launcherPid;
    this.launchDirectory = launchDirectory;
    this.strategy = strategy;
    this.pidFile = settings.pidFile;
    this.#settings = settings;
    this.#copies = native.copies;
    this.#launcher = launcher;
    adoptListenFds(native.launcherPid);
    this.#supervisor = new Notifier(native.launcherPid, native.notifySocket);
    process.on('exit', () => this.#supervisor.stopping());
    this.#releasePidFile = releasePidFile;
    this.#ignoreSignals = answerSignals(
      this,
      this.#supervisor,
      settings.shutdownTimeout,
      this.#releasePidFile,
    );
    tellPid(native, settings.pidFile);
  }

  /**
   * Tells the launcher that the daemon is ready: it exits with 0; and a supervisor, sd_notify(3). Once;
   * later calls do nothing.
   *
   * @param status - a line of text for the supervisor, as for `status()`
   */
  ready(status?: string): void {
    if (this.#isReady) return;
    this.#isReady = true;
    // A supervisor believes nobody but its main process: that is the launcher, until it has ended.
    this.#launcher.ready(this.#supervisor.hasSupervisor);
    this.#supervisor.ready(status);
  }

  /**
   * Tells a supervisor, in a line of text, what the daemon does: `systemctl status` shows it. Without
   * a supervisor nothing is done. See `STATUS=` of sd_notify(3).
   *
   * @param text - one line
   */
  status(text: string): void {
    this.#supervisor.status(text);
  }

  /**
   * Lets the launcher wait longer for readiness: `milliseconds` from now on, whatever `readyTimeout`
   * is; 0: for ever. A supervisor is told as well, `EXTEND_TIMEOUT_USEC=` of sd_notify(3), which knows
   * no such thing as for ever. Nothing is done when it is ready already.
   *
   * @param milliseconds - a whole number from 0 to 2147483647
   * @throws TypeError with the code `ERR_DAEMON_OPTION` for anything else.
   */
  extendStartTimeout(milliseconds: number): void {
    if (!accepts('readyTimeout', milliseconds))
      throw new OptionError(
        `Expected the time of extendStartTimeout() to be ${expectedOf('readyTimeout')}, got ${show(milliseconds)}`,
      );
    if (this.#isReady) return;
    this.#launcher.extend(milliseconds);
    if (milliseconds > 0) this.#supervisor.extendTimeout(milliseconds);
  }

  /**
   * Opens the logs anew, as logrotate(8) wants it; SIGHUP does the same when the program has no
   * listener of its own. A log that cannot be opened is written to as before, and told the error.
   */
  reopenLogs(): void {
    const { reopenLogs } = require('./logs.js') as typeof import('./logs.js');
    reopenLogs(this.#settings, this.#copies);
    this.emit('reopen');
  }

  /**
   * Gives up what the daemon holds as a daemon: the pid file is removed and unlocked, signals have
   * their default effect. The process goes on.
   */
  release(): void {
    this.#ignoreSignals();
    this.#releasePidFile();
  }
}
