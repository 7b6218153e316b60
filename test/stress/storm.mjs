import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reap } from '../helpers/reaper.mjs';

/**
 * @typedef {{code: number | null, signal: NodeJS.Signals | null, stderr: string}} LaunchEnd
 * @typedef {{
 *   launches: LaunchEnd[],
 *   stopped: {outcome: string, pid: number}[],
 *   killed: number[],
 *   running: number[],
 *   states: Record<string, number>,
 *   errors: string[],
 *   last: {state: string},
 * }} Seen
 */

/**
 * Starts, stops, kills and watches the daemons of one pid file for a while (fixtures/storm.cjs).
 *
 * @param {{
 *   root: string, dir: string, env: Record<string, string>, seconds: number,
 *   commands: {argv: string[], env: Record<string, string>}[],
 * }} storm of which every command starts fixtures/storm-daemon.cjs with the pid file "pid" in `dir`
 */
export function storm({ root, dir, env, seconds, commands }) {
  const pidFile = join(dir, 'pid');
  const told = JSON.stringify({ pidFile, seconds, commands });
  return reap(root, [process.execPath, join('fixtures', 'storm.cjs')], {
    cwd: root,
    env: { ...env, TEST_STORM: told },
  });
}

/**
 * What was wrong in it, when all of it has ended, and what was done.
 *
 * @param {string} dir @param {import('../helpers/reaper.mjs').Reaped} reaped
 * @returns {{problems: string[], figures: Record<string, number>}}
 */
export function outcome(dir, { ends, output }) {
  const path = join(dir, 'storm.json');
  const journal = read(join(dir, 'journal'));
  if (!existsSync(path))
    return { problems: [`no report: ${output.stderr}`, ...overlaps(journal)], figures: {} };
  /** @type {Seen} */
  const seen = JSON.parse(readFileSync(path, 'utf8'));
  const killed = new Set(seen.killed);
  const stopped = new Set(seen.stopped.map(({ pid }) => pid));
  const known = new Set([
    ...ends.keys(),
    ...journal.map(({ pid }) => pid),
    ...seen.launches.flatMap(daemonOf),
  ]);

  const problems = [
    ...overlaps(journal, killed),
    ...seen.launches.flatMap((launch) => wrongEnd(launch, known, stopped)),
    ...wrongPids('status()', seen.running, known),
    ...wrongPids('stop()', [...stopped], known),
    ...wrongPids('signal()', seen.killed, known),
    ...[...ends].flatMap(([pid, { code, signal }]) => {
      const expected =
        code === 0 || signal === 'SIGTERM' || (signal === 'SIGKILL' && killed.has(pid));
      return expected ? [] : [`the process ${pid} ended with ${code ?? signal}`];
    }),
    ...seen.errors
      .filter((code) => code !== 'ERR_DAEMON_NOT_RUNNING')
      .map((code) => `an error of the control: ${code}`),
    ...(['stopped', 'dead'].includes(seen.last.state) ? [] : [`at last: ${seen.last.state}`]),
  ];
  /** @type {Record<string, number>} */
  const statuses = {};
  for (const { code } of seen.launches)
    statuses[`exit ${code}`] = (statuses[`exit ${code}`] ?? 0) + 1;
  const figures = {
    starts: seen.launches.length,
    ...statuses,
    daemons: journal.filter(({ word }) => word === 'start').length,
    stopped: seen.stopped.length,
    killed: killed.size,
    ...Object.fromEntries(
      Object.entries(seen.states).map(([state, times]) => [`seen ${state}`, times]),
    ),
  };
  return { problems, figures };
}

/** @param {string} path */
function read(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => ({ word: line.split(' ')[0], pid: Number(line.split(' ')[1]) }));
}

/**
 * The journal is appended to in one order: what begins before another has ended was a second one.
 *
 * @param {ReturnType<typeof read>} journal
 * @param {Set<number>} [killed] who could not tell of their end
 */
function overlaps(journal, killed = new Set()) {
  const problems = [];
  /** @type {number | undefined} */
  let holder;
  for (const { word, pid } of journal) {
    if (word === 'start' && holder !== undefined && !killed.has(holder))
      problems.push(`${pid} was a daemon beside ${holder}`);
    if (word === 'end' && holder !== pid)
      problems.push(`${pid} ended while ${holder} was the daemon`);
    holder = word === 'start' ? pid : undefined;
  }
  return problems;
}

/** @param {LaunchEnd} launch */
function daemonOf({ stderr }) {
  const found = /: the daemon (\d+) /.exec(stderr);
  return found === null ? [] : [Number(found[1])];
}

/**
 * Ready, refused, or ended by the storm before it was ready: by a signal, or as the program answers SIGTERM.
 *
 * @param {LaunchEnd} launch @param {Set<number>} known @param {Set<number>} stopped
 */
function wrongEnd({ code, signal, stderr }, known, stopped) {
  if (code === 0 && stderr === '') return [];
  if (code === 3) {
    const named = Number(/ is locked by the process (\d+),/.exec(stderr)?.[1]);
    return known.has(named) ? [] : [`refused by ${named}, which is not known: ${stderr}`];
  }
  const [daemon] = daemonOf({ code, signal, stderr });
  if ((code === 128 + 15 || code === 128 + 9) && daemon !== undefined) return [];
  const ended = / exited with 0 before it was ready;/.test(stderr);
  if (code === 1 && ended && daemon !== undefined && stopped.has(daemon)) return [];
  return [`a launcher ended with ${code ?? signal}: ${stderr}`];
}

/** @param {string} who @param {number[]} pids @param {Set<number>} known */
function wrongPids(who, pids, known) {
  return pids
    .filter((pid) => !known.has(pid))
    .map((pid) => `${who} told of ${pid}, which is not known`);
}
