/**
 * Socket activation: descriptors that a supervisor has opened, sd_listen_fds(3).
 */
import { loadBinding } from './binding.js';
import { DaemonError } from './error.js';
import { rebornProcess } from './reborn.js';
import { isOurPid } from './supervisor.js';

const first = 3;
const variables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** A descriptor that was handed over: `server.listen({ fd })`. */
export interface ListenFd {
  /** Its number, from 3 on. */
  readonly fd: number;
  /** `FileDescriptorName=` of systemd.socket(5); `'unknown'` if the supervisor names none. */
  readonly name: string;
}

interface Given {
  count: string | undefined;
  names: string | undefined;
}

const nothing: Given = { count: undefined, names: undefined };

let given: Given | undefined;

/**
 * The descriptors that a supervisor has handed over to this process, in its order; none if there is
 * no supervisor, or if they were meant for another process. A daemon has those of its launcher.
 *
 * They are closed on exec, and what named them is taken out of the environment, so that no child
 * believes them its own. May be called again. See sd_listen_fds(3).
 *
 * @throws DaemonError `ERR_DAEMON_LISTEN_FDS` if the environment names descriptors that there are
 *   not.
 */
export function listenFds(): ListenFd[] {
  adoptListenFds(rebornProcess()?.native.launcherPid ?? process.pid);
  const list = parse(given ?? nothing);
  for (const { fd } of list) {
    const errno = loadBinding().closeOnExec(fd);
    if (errno === 0) continue;
    const { systemError } = require('./failure.js') as typeof import('./failure.js');
    throw wrong({ what: `there is no descriptor ${fd}`, ...systemError(errno) });
  }
  return list;
}

/** In the launcher: what its daemon gets, and what must not be closed. */
export function descriptorsToKeep(): number[] {
  try {
    return parse(given ?? addressedTo(process.pid)).map(({ fd }) => fd);
  } catch {
    // listenFds() says so.
    return [];
  }
}

/** In the launcher: the variables, for a program that is executed again. */
export function listenEnvironment(): Record<string, string> {
  if (given?.count === undefined) return {};
  const { count, names } = given;
  return {
    LISTEN_PID: String(process.pid),
    LISTEN_FDS: count,
    ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
  };
}

/**
 * In the process that goes on. `LISTEN_PID` names the launcher, as which the daemon was started: once
 * that is gone, any child may get its pid, and would believe itself meant.
 */
export function adoptListenFds(launcherPid: number): void {
  given ??= addressedTo(launcherPid);
  for (const name of variables) delete process.env[name];
}

function addressedTo(launcherPid: number): Given {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
  if (!isOurPid(LISTEN_PID, launcherPid)) return nothing;
  return { count: LISTEN_FDS, names: LISTEN_FDNAMES };
}

function parse({ count = '0', names }: Given): ListenFd[] {
  if (!/^\d{1,6}$/.test(count)) throw wrong({ what: `LISTEN_FDS is '${count}'` });
  const length = Number(count);
  if (length === 0) return [];
  const named = names?.split(':') ?? [];
  if (names !== undefined && named.length !== length)
    throw wrong({ what: `LISTEN_FDNAMES has ${named.length} names for ${length} descriptors` });
  return Array.from({ length }, (_, at) => ({ fd: first + at, name: named[at] ?? 'unknown' }));
}

function wrong(context: { what: string; errno?: string | undefined }): DaemonError {
  return new DaemonError('ERR_DAEMON_LISTEN_FDS', context);
}
