import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.mjs';

/** For a crowd to gather, and for it to be done: many processes share few cores. */
const deadline = 120_000;

/** @typedef {{code: number | null, signal: NodeJS.Signals | null, stderr: string}} LaunchEnd */

/**
 * Starts commands that wait at fixtures/gate.cjs, and lets all of them go at the same moment.
 *
 * @param {string} root where install() has put everything
 * @param {string} dir the scene's directory
 * @param {{argv: string[], env: Record<string, string>}[]} commands
 * @returns {Promise<LaunchEnd[]>}
 */
export async function crowd(root, dir, commands) {
  const gate = join(dir, 'gate');
  const waiting = join(dir, 'waiting');
  rmSync(gate, { force: true });
  rmSync(waiting, { force: true });
  execFileSync('mkfifo', [gate]);

  const ends = commands.map(({ argv: [program = '', ...args], env }, number) => {
    const path = join(dir, `stderr-${number}`);
    const stderr = openSync(path, 'w');
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'ignore', stderr] });
    closeSync(stderr);
    return once(child, 'exit').then(([code, signal]) => ({
      code,
      signal,
      stderr: readFileSync(path, 'utf8'),
    }));
  });
  const ended = Promise.all(ends);
  // If one of them cannot even be started.
  ended.catch(() => undefined);

  const gathered = () =>
    (statSync(waiting, { throwIfNoEntry: false })?.size ?? 0) === commands.length;
  await until('all to wait at the gate', gathered, { deadline });
  // Held open until the last has passed, who may have been on his way to it.
  const opened = openSync(gate, constants.O_RDWR);
  try {
    return await ended;
  } finally {
    closeSync(opened);
  }
}

/**
 * Whoever has neither made the one daemon nor was told of it.
 * @param {LaunchEnd[]} ends @param {number} daemon
 */
export function strangers(ends, daemon) {
  const made = ends.filter(({ code, stderr }) => code === 0 && stderr === '');
  const refused = ends.filter(
    ({ code, stderr }) => code === 3 && stderr.includes(` by the process ${daemon},`),
  );
  const others = ends.filter((end) => !made.includes(end) && !refused.includes(end));
  return [...others, ...made.slice(1)];
}
