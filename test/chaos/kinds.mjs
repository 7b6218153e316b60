import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askByHttp, askByWebSocket, inspect, requests, serve } from './outside.mjs';

/**
 * A kind of program.
 *
 * @typedef {{
 *   program: string,
 *   nodeArgs?: (dir: string) => string[],
 *   env?: Record<string, string>,
 *   outside?: (scene: import('./outside.mjs').Scene) => Promise<void>,
 *   beside?: typeof serve,
 *   packages?: boolean,
 *   sqlite?: boolean,
 *   callOnly?: boolean,
 *   byExit?: boolean,
 *   children?: number,
 *   said?: RegExp,
 *   written?: RegExp,
 *   after?: (dir: string) => void,
 * }} Kind
 * - outside: talks to it meanwhile; beside: what it talks to
 * - packages: needs some of packages/; sqlite: needs the built better-sqlite3
 * - callOnly: makes no sense by the preload, which is another one of the ways in
 * - byExit: ends by process.exit() alone, never by a signal
 * - children: of the launcher, which are left to others
 * - said, written: what may stand on the launcher's stderr, and in the log
 */

const askedOften = { TEST_REQUESTS: String(requests) };

/** One whole file was written, by the daemon. @param {string} dir */
function checkProfile(dir) {
  const names = readdirSync(join(dir, 'profiles'));
  assert.equal(names.length, 1, `profiles: ${names}`);
  const text = readFileSync(join(dir, 'profiles', String(names[0])), 'utf8');
  const { nodes, samples, timeDeltas } = JSON.parse(text);
  assert.ok(nodes.length > 10 && samples.length > 10, `${samples.length} samples`);
  assert.equal(timeDeltas.length, samples.length);
}

/** @type {Record<string, Kind>} */
export const kinds = {
  http: { program: 'http.cjs', env: askedOften, outside: askByHttp },
  workers: { program: 'workers.cjs' },
  streams: { program: 'streams.cjs' },
  websocket: { program: 'websocket.cjs', env: askedOften, outside: askByWebSocket, packages: true },
  children: { program: 'children.cjs' },
  wasm: { program: 'wasm.cjs' },
  busy: { program: 'busy.cjs' },
  inspector: {
    program: 'inspected.cjs',
    nodeArgs: () => ['--inspect=127.0.0.1:0'],
    outside: inspect,
    packages: true,
    said: /^(Debugger |For help|Waiting for the debugger)/,
    written: /^(Debugger |For help|Waiting for the debugger)/,
  },
  'cpu-prof': {
    program: 'busy.cjs',
    nodeArgs: (dir) => ['--cpu-prof', '--cpu-prof-interval=300', `--cpu-prof-dir=${dir}/profiles`],
    byExit: true,
    after: checkProfile,
  },
  'source-maps': { program: 'mapped.cjs', nodeArgs: () => ['--enable-source-maps'] },
  loader: {
    program: 'loader.mjs',
    said: /DEP0205|trace-deprecation/,
    written: /DEP0205|trace-deprecation/,
  },
  tsx: {
    program: 'typescript.ts',
    nodeArgs: () => ['--import', 'tsx'],
    packages: true,
    children: 1,
    said: /DEP0205|trace-deprecation/,
    written: /DEP0205|trace-deprecation/,
  },
  fetch: { program: 'fetch.cjs', beside: serve, packages: true },
  sharp: { program: 'sharp.cjs', packages: true },
  passwords: { program: 'passwords.cjs', packages: true },
  sqlite: {
    program: 'sqlite.cjs',
    packages: true,
    sqlite: true,
    written: /SQLite is|trace-warnings/,
  },
  esbuild: { program: 'esbuild.cjs', packages: true },
  'esbuild-before': {
    program: 'esbuild.cjs',
    env: { TEST_BEFORE: '1' },
    packages: true,
    callOnly: true,
    children: 1,
  },
  lmdb: { program: 'lmdb.cjs', packages: true },
  watcher: { program: 'watcher.cjs', packages: true },
};
