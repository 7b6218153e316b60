import { EventEmitter } from 'node:events';

import { loadBinding, type NativeDaemon } from './binding.js';
import { reopenLogs } from './logs.js';
import type { Settings } from './options.js';
import { keepPidFile } from './pid-file.js';
import { answerSignals } from './signals.js';

/** What a daemon is told of its own end. May be asynchronous: it is waited for. */
export type StoppingHandler = (signal: NodeJS.Signals) => void | Promise<void>;

export interface DaemonEvents {
  /** SIGHUP, when the program has no listener of its own: read the configuration again. */
  reload: [];
  /** The logs were opened anew. */
  reopen: [];
  /**
   * SIGTERM or SIGINT, when the program has no listener of its own. Handlers are called one after
   * the other, the last registered first, and may take `shutdownTimeout` in all; then the pid file is
   * removed and the signal ends the process.
   */
  stopping: [signal: NodeJS.Signals];
}

/** The daemon that this process has become. */
export class Daemon extends EventEmitter<DaemonEvents> {
  readonly pid: number;
  /** The process that was started; it may be gone. */
  readonly launcherPid: number;
  /** The working directory of the launcher. */
  readonly launchDirectory: string;
  /** How the daemon was made. */
  readonly strategy = 'fork';
  /** The path of the pid file, if there is one. */
  readonly pidFile: string | undefined;

  readonly #settings: Settings;
  readonly #copies: readonly number[];
  readonly #releasePidFile: () => void;
  readonly #ignoreSignals: () => void;
  #statusFd: number;
  #finalStderr: number;

  /** @internal */
  constructor(native: NativeDaemon, settings: Settings, launchDirectory: string) {
    super();
    this.pid = native.pid;
    this.launcherPid = native.launcherPid;
    this.launchDirectory = launchDirectory;
    this.pidFile = settings.pidFile;
    this.#settings = settings;
    this.#copies = native.copies;
    this.#statusFd = native.statusFd;
    this.#finalStderr = native.finalStderr;
    this.#releasePidFile = keepPidFile(native, settings.pidFile);
    this.#ignoreSignals = answerSignals(this, settings.shutdownTimeout, this.#releasePidFile);
  }

  /** Tells the launcher that the daemon is ready: it exits with 0. Once; later calls do nothing. */
  ready(): void {
    if (this.#statusFd < 0) return;
    loadBinding().reportReady(this.#statusFd, this.#finalStderr);
    this.#statusFd = -1;
    this.#finalStderr = -1;
  }

  /**
   * Lets the launcher wait longer for readiness: `milliseconds` from now on, whatever `readyTimeout`
   * is; 0: for ever.
   */
  extendStartTimeout(milliseconds: number): void {
    if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds >= 2 ** 31)
      throw new RangeError(
        `Expected a whole number of milliseconds from 0 (for ever) to ${2 ** 31 - 1}, got ${milliseconds}`,
      );
    if (this.#statusFd >= 0) loadBinding().extendStartTimeout(this.#statusFd, milliseconds);
  }

  /**
   * Opens the logs anew, as logrotate(8) wants it; SIGHUP does the same when the program has no
   * listener of its own. A log that cannot be opened is written to as before, and told the error.
   */
  reopenLogs(): void {
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
