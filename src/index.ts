export { daemonize, isDaemon } from './daemonize.js';
export { DaemonError, type DaemonErrorCode } from './error.js';
export { type ForkSupport, forkSupport } from './fork-support.js';
export type { Daemon, DaemonEvents, StoppingHandler } from './handle.js';
export type { DaemonizeOptions, Readiness, StreamTarget } from './options.js';
