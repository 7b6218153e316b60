import { loadBinding, type NativeDaemon } from './binding.js';

/**
 * The pipe takes so many reports without being read: a launcher that was stopped, by Ctrl-Z, must not
 * make the daemon wait.
 */
const maxErrors = 1000;

/** The daemon's end of the pipe to its launcher, until it is ready. */
export class LauncherChannel {
  #statusFd: number;
  #finalStderr: number;
  #errors = 0;

  constructor({ statusFd, finalStderr }: NativeDaemon) {
    this.#statusFd = statusFd;
    this.#finalStderr = finalStderr;
    if (statusFd >= 0) process.once('beforeExit', this.#tellIdleness);
  }

  /** Nobody has ended it, and it has no error: without a word nobody would know what was wrong. */
  readonly #tellIdleness = (): void => {
    process.once('exit', (code) => {
      if (code === 0 && this.#statusFd >= 0)
        process.stderr.write('tsdaemon: the daemon ends by itself: it has nothing left to do\n');
    });
  };

  /** The launcher exits with 0; its end is waited for if `waits`. */
  ready(waits: boolean): void {
    if (this.#statusFd < 0) return;
    process.removeListener('beforeExit', this.#tellIdleness);
    loadBinding().reportReady(this.#statusFd, this.#finalStderr, waits);
    this.#statusFd = -1;
    this.#finalStderr = -1;
  }

  extend(milliseconds: number): void {
    if (this.#statusFd >= 0) loadBinding().extendStartTimeout(this.#statusFd, milliseconds);
  }

  /** The last so many bytes of the log were written to stderr: the launcher shows them. */
  wroteError(length: number): void {
    if (this.#statusFd < 0 || this.#errors++ >= maxErrors) return;
    loadBinding().reportError(this.#statusFd, length);
  }
}
