/**
 * What a supervisor is told, sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names.
 */
import { constants } from 'node:os';

import { loadBinding } from './binding.js';
import { DaemonError } from './error.js';
import { watchdogInterval } from './watchdog.js';

/** The daemon's side of the talk with its supervisor. Where there is none, nothing is said. */
export class Notifier {
  readonly #address: string;
  readonly #socket: number;
  #isStopping = false;
  #hasWarned = false;

  /**
   * Takes out of the environment what was meant for this process alone, as sd_notify(3) does when it
   * is asked to, and begins to tell the watchdog, sd_watchdog_enabled(3), that the event loop turns.
   *
   * @param launcherPid as which the environment names this process, if it was detached
   * @param socket connected to the supervisor, or a negated errno; `undefined`: not yet connected
   */
  constructor(launcherPid: number, socket?: number) {
    const interval = watchdogInterval(process.env, launcherPid);
    this.#address = process.env['NOTIFY_SOCKET'] ?? '';
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete process.env[name];

    this.#socket =
      this.#address === '' ? -1 : (socket ?? loadBinding().connectNotifySocket(this.#address));
    if (!this.hasSupervisor && this.#address !== '') this.#warn(-this.#socket);
    // To tell that the program goes on is no reason for it to go on.
    if (this.hasSupervisor && interval !== undefined)
      setInterval(() => this.#send(['WATCHDOG=1'], false), interval).unref();
  }

  get hasSupervisor(): boolean {
    return this.#socket >= 0;
  }

  /** The start is complete, and this is the process to watch. */
  ready(status?: string): void {
    this.#send(['READY=1', `MAINPID=${process.pid}`, ...statusLines(status)]);
  }

  /** With the time, which `Type=notify-reload` compares with that of its request. */
  reloading(): void {
    this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`]);
  }

  /** The end of `reloading()`. */
  reloaded(): void {
    this.#send(['READY=1']);
  }

  stopping(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#send(['STOPPING=1']);
  }

  /** What `systemctl status` shows. */
  status(text: string): void {
    this.#send(statusLines(text), false);
  }

  /** So long from now on the start may take. */
  extendTimeout(milliseconds: number): void {
    this.#send([`EXTEND_TIMEOUT_USEC=${milliseconds * 1000}`]);
  }

  /** A supervisor that is busy is waited for where it would matter that the message is lost. */
  #send(lines: readonly string[], waits = true): void {
    if (!this.hasSupervisor) return;
    const errno = loadBinding().notify(this.#socket, lines.join('\n'), waits);
    if (errno !== 0 && (waits || errno !== constants.errno.EAGAIN)) this.#warn(errno);
  }

  /** A program does not end because nobody listens. */
  #warn(errno: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { systemError } = require('./failure.js') as typeof import('./failure.js');
    process.emitWarning(
      new DaemonError('ERR_DAEMON_NOTIFY', { path: this.#address, ...systemError(errno) }),
    );
  }
}

/** A line of its own would be another message. */
function statusLines(status: string | undefined): string[] {
  return status === undefined ? [] : [`STATUS=${status.replace(/[\r\n\0]+/g, ' ')}`];
}
