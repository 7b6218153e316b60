/**
 * What /proc tells of a process, proc_pid_stat(5).
 */
import { readFileSync, readlinkSync } from 'node:fs';

// sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on.
const ticksPerSecond = 100;

/** Since when it runs, in milliseconds from now; `undefined` if that cannot be seen. */
export function uptimeOf(pid: number | undefined): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const started = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const now = Number(read('/proc/uptime')?.split(' ')[0]);
  const seconds = now - started / ticksPerSecond;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.round(seconds * 1000));
}

/** Its memory that is in RAM, in bytes. */
export function memoryOf(pid: number | undefined): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Whether it has loaded our addon, as every daemon of ours has. */
export function hasAddon(pid: number | undefined): boolean {
  return /\/tsdaemon[.\w]*\.node/.test(read(`/proc/${pid}/maps`) ?? '');
}

/** The file that it writes its output to. */
export function logOf(pid: number | undefined): string | undefined {
  for (const fd of [1, 2]) {
    try {
      // A rotated log that was not opened anew is followed by the next one under its name.
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/ \(deleted\)$/, '');
      if (path.startsWith('/') && !path.startsWith('/dev/')) return path;
    } catch {
      // Gone, or another user's.
    }
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
