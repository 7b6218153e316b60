import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What /proc tells of other processes. A process can end between two looks at it, so each function has an answer for
 * one that is gone: `undefined`, or an empty list.
 */

/** @template T @param {() => T} look @returns {T | undefined} */
function unlessGone(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * The fields of /proc/PID/stat that tell a process's place.
 * @param {number} pid
 */
export function stat(pid) {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (text === undefined) return undefined;
  // The name stands in parentheses and may contain any character: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, ppid, pgrp, session, tty] = fields;
  return {
    state: String(state),
    ppid: Number(ppid),
    pgrp: Number(pgrp),
    session: Number(session),
    tty: Number(tty),
    startTime: Number(fields[19]),
  };
}

/** Whether the process runs: a zombie does not. @param {number} pid */
export function isAlive(pid) {
  const state = stat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** @param {string} text @returns {Record<string, string>} */
function keyed(text) {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at), line.slice(at + 1).trim()];
      }),
  );
}

/**
 * /proc/PID/status, or a thread's.
 * @param {number} pid @param {number} [tid] @returns {Record<string, string> | undefined}
 */
export function status(pid, tid) {
  const path = tid === undefined ? `/proc/${pid}/status` : `/proc/${pid}/task/${tid}/status`;
  return unlessGone(() => keyed(readFileSync(path, 'latin1')));
}

/** @param {number} pid @returns {number[]} */
export function threads(pid) {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`).map(Number)) ?? [];
}

/**
 * Where every open descriptor leads.
 * @param {number} pid @returns {Record<string, string>}
 */
export function descriptors(pid) {
  const names = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  /** @type {Record<string, string>} */
  const found = {};
  for (const fd of names) {
    const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    if (target !== undefined) found[fd] = target;
  }
  return found;
}

/**
 * How a descriptor was opened, open(2), as proc_pid_fdinfo(5) tells it.
 * @param {number} pid @param {number} fd
 */
export function openFlags(pid, fd) {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
  return text === undefined ? undefined : Number.parseInt(String(keyed(text).flags), 8);
}

/** @param {number} pid */
export function workingDirectory(pid) {
  return unlessGone(() => readlinkSync(`/proc/${pid}/cwd`));
}

/**
 * How many mappings a plain fork() would leave out: MADV_DONTFORK, on V8's heap from its start.
 * @param {number} pid
 */
export function unforkableMappings(pid) {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/smaps`, 'latin1')) ?? '';
  return text.match(/^VmFlags:.* dc\b/gm)?.length ?? 0;
}

/** The environment a process was started with. @param {number} pid @returns {string[]} */
export function initialEnvironment(pid) {
  return unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')) ?? [];
}

/**
 * The processes that were started with this variable in their environment, zombies left out.
 * @param {string} name @param {string} value @returns {{pid: number, startTime: number}[]}
 */
export function processesWith(name, value) {
  const wanted = `${name}=${value}`;
  const found = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || !initialEnvironment(pid).includes(wanted))
      continue;
    const now = stat(pid);
    if (now !== undefined && isAlive(pid)) found.push({ pid, startTime: now.startTime });
  }
  return found;
}
