import { isOurPid } from './supervisor.js';

const longestTimer = 2 ** 31 - 1;

/**
 * How often a supervisor wants to hear of this process, in milliseconds: twice as often as it has to,
 * as sd_watchdog_enabled(3) advises. `undefined` if it does not, or means another process.
 */
export function watchdogInterval(
  { WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv,
  launcherPid: number,
): number | undefined {
  if (WATCHDOG_PID !== undefined && !isOurPid(WATCHDOG_PID, launcherPid)) return undefined;
  if (WATCHDOG_USEC === undefined || !/^[1-9]\d*$/.test(WATCHDOG_USEC)) return undefined;
  const half = Math.floor(Number(WATCHDOG_USEC) / 1000 / 2);
  return Math.min(Math.max(half, 1), longestTimer);
}
