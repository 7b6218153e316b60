// Whatever stands in the environment, a start by the preload ends with a daemon, or with one line that says why not and
// the status that belongs to it:
//
//   node test/fuzz/start.mjs SECONDS
//
// Each is a process of its own, or two; several are made at the same time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { cleanEnvironment } from '../helpers/environment.mjs';
import { environments } from './environments.mjs';

const early = fileURLToPath(new URL('../../dist/early.js', import.meta.url));
const statuses = [0, 1, 2, 3, 4, 9, 124];
const end = Date.now() + Number(process.argv[2]) * 1000;

/** @param {string} directory @param {Record<string, string>} given */
async function start(directory, given) {
  const child = spawn(process.execPath, ['--require', early, 'program.cjs'], {
    cwd: directory,
    env: {
      ...cleanEnvironment(),
      XDG_RUNTIME_DIR: directory,
      XDG_STATE_HOME: directory,
      TSDAEMON_READY_TIMEOUT: '5000',
      ...given,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdout.resume();
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  assert.equal(signal, null, `no signal ends it; it said ${stderr}`);
  assert.ok(statuses.includes(code), `${code} is a status of a start; it said ${stderr}`);
  if (code === 0 || code === 9) return;
  assert.match(stderr, /(^|\n)tsdaemon: ERR_DAEMON_[A-Z_]+: .+\n$/, 'its last line says why');
}

/** One after the other, in a directory of their own. */
async function startsInTurn() {
  const directory = mkdtempSync(join(tmpdir(), 'tsdaemon-fuzz-'));
  // Whoever the daemon becomes is to find its program.
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'program.cjs'), 'setImmediate(() => process.exit(9));');
  let latest = Promise.resolve();
  const report = await fc.check(
    fc.asyncProperty(environments(directory), (given) => {
      latest = start(directory, given);
      return latest;
    }),
    {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: Math.max(end - Date.now(), 1),
      markInterruptAsFailure: false,
    },
  );
  // The time may have ended in the middle of it.
  await latest.catch(() => {});
  rmSync(directory, { recursive: true });
  return report;
}

const reports = await Promise.all(Array.from({ length: availableParallelism() + 1 }, startsInTurn));
const runs = reports.reduce((sum, { numRuns }) => sum + numRuns, 0);
console.log(`start: ${runs} runs, seeds ${reports.map(({ seed }) => seed).join(' ')}`);
const failures = reports.filter(({ failed }) => failed);
for (const report of failures) console.error(fc.defaultReportMessage(report));
process.exitCode = failures.length > 0 ? 1 : 0;
