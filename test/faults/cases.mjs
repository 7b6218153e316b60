import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The starts in which there are faults: each way in, with options that take other steps.
 *
 * @typedef {{
 *   name: string,
 *   entry: 'early' | 'daemonize' | 'command',
 *   strategy: 'fork' | 'exec' | 'none',
 *   options: (dir: string) => Record<string, unknown>,
 *   env?: Record<string, string>,
 *   concerns?: (call: import('./record.mjs').Call) => boolean,
 * }} Case
 *
 * `concerns` leaves out the calls that another case has as well.
 */

const isRoot = process.geteuid?.() === 0;

const asNobody = { user: 65534, group: 65534, groups: [65534, 12] };

/** The daemon's root, in which it needs nothing. @param {string} dir */
function emptyRoot(dir) {
  const path = join(dir, 'root');
  mkdirSync(path, { recursive: true });
  return path;
}

/** @param {string} dir */
const many = (dir) => ({
  pidFile: join(dir, 'pid'),
  log: join(dir, 'log'),
  umask: 0o27,
  limits: { core: 0, nofile: 2048 },
  oomScoreAdj: 1000,
  nice: 5,
  readyTimeout: 20_000,
});

/** @type {Case[]} */
export const cases = [
  {
    name: 'early',
    entry: 'early',
    strategy: 'fork',
    options: (dir) => ({ pidFile: join(dir, 'pid'), ready: 'listening', readyTimeout: 20_000 }),
  },
  {
    name: 'call',
    entry: 'daemonize',
    strategy: 'fork',
    options: (dir) => ({
      ...many(dir),
      ...(isRoot ? asNobody : {}),
      ...(isRoot ? { chroot: emptyRoot(dir) } : {}),
      ready: 'manual',
    }),
  },
  {
    name: 'command',
    entry: 'command',
    strategy: 'fork',
    options: (dir) => ({
      ...{ pidFile: join(dir, 'pid'), log: join(dir, 'log'), cwd: dir },
      ...{ ready: 'loaded', readyTimeout: 20_000 },
    }),
  },
  {
    name: 'call-by-exec',
    entry: 'daemonize',
    strategy: 'exec',
    options: (dir) => ({ ...many(dir), ready: 'manual', strategy: 'exec' }),
  },
  {
    name: 'early-by-exec',
    entry: 'early',
    strategy: 'exec',
    options: (dir) => ({
      ...{ pidFile: join(dir, 'pid'), strategy: 'exec' },
      ...{ ready: 'listening', readyTimeout: 20_000 },
    }),
  },
  {
    // A probe, by which its mappings are found.
    name: 'large-heap',
    entry: 'daemonize',
    strategy: 'fork',
    options: (dir) => ({
      ...{ pidFile: join(dir, 'pid'), strategy: 'fork' },
      ...{ ready: 'manual', readyTimeout: 20_000 },
    }),
    env: { TEST_HEAP: '2000000' },
    concerns: ({ role, call, text }) =>
      role === 'probe' ||
      /^\/proc\/(self|\d+\/(s?maps|statm))$/.test(text) ||
      ['clone', 'kill', 'wait4'].includes(call),
  },
  {
    name: 'foreground',
    entry: 'daemonize',
    strategy: 'none',
    // Not as another user: who is no longer root cannot put that back.
    options: (dir) => ({ ...many(dir), ready: 'manual', detach: false }),
  },
];

/** What is typed for it, and in which environment. @param {Case} start @param {string} root @param {string} dir */
export function commandOf({ entry, options, env: more }, root, dir) {
  const given = options(dir);
  const env = {
    ...more,
    TEST_DIR: dir,
    TEST_ENTRY: entry === 'daemonize' ? 'daemonize' : 'early',
    ...(entry === 'daemonize' ? { TEST_OPTIONS: JSON.stringify(given) } : variables(given)),
  };
  const program = join('fixtures', 'faulty.cjs');
  const begin = ['--require', join(root, 'begin-faults.node')];
  if (entry === 'daemonize') return { args: [program], env };
  if (entry === 'early') return { args: [...begin, '--require', 'tsdaemon/early', program], env };
  const command = join('node_modules', 'tsdaemon', 'dist', 'cli.js');
  return { args: [...begin, command, 'start', program], env };
}

/** @param {Record<string, unknown>} options @returns {Record<string, string>} */
function variables(options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      `TSDAEMON_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`,
      String(value),
    ]),
  );
}
