import { EventEmitter } from 'node:events';

import { loadBinding } from './binding.js';

interface DaemonFacts {
  pid: number;
  launcherPid: number;
  launchDirectory: string;
  statusFd: number;
}

/** The daemon that this process has become. */
export class Daemon extends EventEmitter {
  readonly pid: number;
  /** The process that was started; it may be gone. */
  readonly launcherPid: number;
  /** The working directory of the launcher. */
  readonly launchDirectory: string;
  /** How the daemon was made. */
  readonly strategy = 'fork';

  #statusFd: number;

  /** @internal */
  constructor(facts: DaemonFacts) {
    super();
    this.pid = facts.pid;
    this.launcherPid = facts.launcherPid;
    this.launchDirectory = facts.launchDirectory;
    this.#statusFd = facts.statusFd;
  }

  /** Tells the launcher that the daemon is ready: it exits with 0. Once; later calls do nothing. */
  ready(): void {
    const statusFd = this.#statusFd;
    this.#statusFd = -1;
    if (statusFd >= 0) loadBinding().reportReady(statusFd);
  }
}
