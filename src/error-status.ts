import { constants } from 'node:os';

import type { DaemonError } from './error.js';

const failed = 1;
const usage = 2;
const running = 3;
const noPermission = 4;
const signalBase = 128;

type Facts = Pick<DaemonError, 'code' | 'errno' | 'signal' | 'exitCode'>;

/** The exit status for a start, or a command, that ended by this error. */
export function exitStatusOf(error: Facts): number {
  switch (error.code) {
    case 'ERR_DAEMON_OPTION':
    case 'ERR_DAEMON_NO_SCRIPT':
    case 'ERR_DAEMON_SCRIPT':
      return usage;
    case 'ERR_DAEMON_RUNNING':
      return running;
    case 'ERR_DAEMON_HANDOVER':
      return endOf(error);
    default:
      return error.errno === 'EACCES' || error.errno === 'EPERM' ? noPermission : failed;
  }
}

/** As the daemon ended. */
function endOf({ signal, exitCode }: Facts): number {
  return signal === undefined ? exitCode || failed : signalBase + constants.signals[signal];
}
