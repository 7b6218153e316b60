/// <reference types="node" preserve="true" />
export { reload, type StopResult, signal, stop } from './control.js';
export type { StopOptions } from './control-options.js';
export { daemonize, isDaemon } from './daemonize.js';
export { DaemonError, type DaemonErrorCode } from './error.js';
export { type ForkSupport, forkSupport } from './fork-support.js';
export type { Daemon, DaemonEvents, StoppingHandler } from './handle.js';
export { type ListenFd, listenFds } from './listen-fds.js';
export type { DaemonizeOptions, Limits, Readiness, StreamTarget } from './options.js';
export type { SignalName } from './signal-names.js';
export { type DaemonState, type DaemonStatus, status } from './status.js';
export type { DaemonStrategy } from './strategy.js';
