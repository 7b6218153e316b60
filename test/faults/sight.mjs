import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { descriptors, stat, status, threads } from '../helpers/proc.mjs';

/** The processes that came of one, zombies left out. @param {number} pid @returns {number[]} */
export function descendants(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    const one = Number(entry);
    const now = Number.isInteger(one) ? stat(one) : undefined;
    if (now === undefined || now.state === 'Z' || now.state === 'X') continue;
    children.set(now.ppid, [...(children.get(now.ppid) ?? []), one]);
  }
  /** @param {number} one @returns {number[]} */
  const of = (one) => (children.get(one) ?? []).flatMap((child) => [child, ...of(child)]);
  return of(pid);
}

/** What a process executes, if it is still there. @param {number} pid */
export function programOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/**
 * What a descriptor of a connection to its server leads to: ours, which the daemon closes in its own time. See
 * "/proc/net/unix" in proc_net(5).
 * @param {string} dir
 */
function connections(dir) {
  const connected = 3;
  return readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , state, , path]) => Number(state) === connected && path?.startsWith(dir))
    .map(([, , , , , , inode]) => `socket:[${inode}]`);
}

/**
 * All that can be seen of a daemon, but for the numbers that differ from one to the next: two daemons of the same start
 * are the same.
 * @param {number} pid @param {string} dir its own directory
 */
export function sightOf(pid, dir) {
  const whole = status(pid) ?? {};
  const ours = connections(dir);
  const fields = ['Umask', 'Uid', 'Gid', 'Groups', 'SigBlk', 'SigIgn', 'SigCgt'];
  const ofThread = ['Name', 'Uid', 'Gid', 'SigBlk'];
  /** @param {string} path */
  const lead = (path) =>
    path
      .replace(dir, 'DIR')
      .replace(/\[\d+\]/, '')
      .replaceAll(String(pid), 'PID');
  return {
    ...Object.fromEntries(fields.map((name) => [name, whole[name]])),
    limits: readFileSync(`/proc/${pid}/limits`, 'latin1').match(/^Max (core|open).*$/gm),
    cwd: lead(readlinkSync(`/proc/${pid}/cwd`)),
    root: lead(readlinkSync(`/proc/${pid}/root`)),
    oomScoreAdj: readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim(),
    leadsItsSession: stat(pid)?.session === pid,
    threads: threads(pid)
      .map((tid) => ofThread.map((name) => status(pid, tid)?.[name]).join(' '))
      .sort(),
    descriptors: Object.values(descriptors(pid))
      .filter((target) => !ours.includes(target))
      .map(lead)
      // What libuv keeps in reserve, so that a server can refuse a connection: one of the two.
      .map((target) => (target === '/' ? '/dev/null' : target))
      .sort(),
  };
}
