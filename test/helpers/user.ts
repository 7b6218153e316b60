import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Line } from './lines.ts';
import { status, threads } from './proc.mjs';
import type { Scene } from './scene.ts';

/** Of nobody else's, so that what this user runs is ours alone. Without root it can only be ourselves. */
export const ordinaryUser =
  process.getuid?.() === 0 ? 40_000 + (process.pid % 20_000) : Number(process.getuid?.());

/** The words that run a command as that user. */
export const asOrdinaryUser =
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, '--clear-groups']
    : [];

/** The same Node where every user may run it: the project may be in a directory that is closed to others. */
export function openToAll(scene: Scene, line: Line): Line {
  const execPath = `${scene.root}/nodes/${line.major}/node`;
  if (!existsSync(execPath)) {
    mkdirSync(dirname(execPath), { recursive: true });
    copyFileSync(line.execPath, `${execPath}.part`);
    renameSync(`${execPath}.part`, execPath);
  }
  return { ...line, execPath };
}

const limits = {
  /** RLIMIT_NPROC, as one process of the user sees it. */
  processes: { flag: 'nproc', line: 'Max processes' },
  /** RLIMIT_NOFILE */
  descriptors: { flag: 'nofile', line: 'Max open files' },
  /** RLIMIT_AS, in bytes. */
  addresses: { flag: 'as', line: 'Max address space' },
} as const;

/**
 * Sets a soft limit of a process of that user, proc_pid_limits(5).
 * @returns what takes it back
 */
export function limit(pid: number, what: keyof typeof limits, value: number): () => void {
  const { flag, line } = limits[what];
  const text = readFileSync(`/proc/${pid}/limits`, 'latin1');
  const [, before] = new RegExp(`^${line} +(\\w+)`, 'm').exec(text) ?? [];
  const set = (to: number | string | undefined) => {
    const words = [...asOrdinaryUser, 'prlimit', '--pid', String(pid), `--${flag}=${to}:`];
    execFileSync(String(words[0]), words.slice(1));
  };
  set(value);
  return () => set(before);
}

/** The threads of all its processes. */
export function threadsOfOrdinaryUser(): number {
  const processes = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const own = processes.filter((pid) => status(pid)?.Uid?.split('\t')[0] === String(ordinaryUser));
  return own.reduce((sum, pid) => sum + threads(pid).length, 0);
}
