// Whatever stands in the environment, a start by the preload ends with a daemon, or with one line that says why not and
// the status that belongs to it:
//
//   node test/fuzz/environment.mjs SECONDS
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { cleanEnvironment } from '../helpers/environment.mjs';

const early = fileURLToPath(new URL('../../dist/early.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tsdaemon-fuzz-'));
// Whoever the daemon becomes is to find its program.
chmodSync(directory, 0o755);
const program = join(directory, 'program.cjs');
writeFileSync(program, 'setImmediate(() => process.exit(9));');

const names =
  `CWD UMASK LOG STDIN STDOUT STDERR KEEP_FDS USER GROUP GROUPS CHROOT OOM_SCORE_ADJ NICE TITLE FOREGROUND STRATEGY NAME
  PID_FILE IF_RUNNING READY READY_TIMEOUT SHUTDOWN_TIMEOUT`.split(/\s+/);
const nearlyRight = [
  '',
  ' ',
  '0',
  '1',
  '-1',
  '22',
  '0777',
  '99999',
  '1e3',
  '0x10',
  '9'.repeat(30),
  'a'.repeat(5000),
  'auto',
  'fork',
  'exec',
  'null',
  'inherit',
  'root',
  'nobody',
  'loaded',
  'detached',
  'error',
  'ok',
  'true',
  '.',
  '..',
  `${directory}/x`,
  `${directory}/x/y`,
  '1,2,3',
  ',',
  '3',
];
const value = fc.oneof(fc.constantFrom(...nearlyRight), fc.string({ unit: 'binary' }));
const environment = fc.dictionary(fc.constantFrom(...names), value.map(harmless), {
  minKeys: 1,
  maxKeys: 3,
});

/** No file but below our directory is to be made. @param {string} text */
function harmless(text) {
  const noNul = text.replaceAll('\0', '0');
  return noNul.startsWith(directory) ? noNul : noNul.replaceAll('/', '_');
}

const statuses = [0, 1, 2, 3, 4, 9, 124];

/** @param {Record<string, string>} given */
async function start(given) {
  const env = cleanEnvironment();
  for (const [name, text] of Object.entries(given)) env[`TSDAEMON_${name}`] = text;
  const child = spawn(process.execPath, ['--require', early, program], {
    cwd: directory,
    env: {
      ...env,
      XDG_RUNTIME_DIR: directory,
      XDG_STATE_HOME: directory,
      TSDAEMON_READY_TIMEOUT: env['TSDAEMON_READY_TIMEOUT'] ?? '5000',
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

const report = await fc.check(fc.asyncProperty(environment, start), {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: Number(process.argv[2]) * 1000,
  markInterruptAsFailure: false,
});
rmSync(directory, { recursive: true });
console.log(`environment: ${report.numRuns} runs, seed ${report.seed}`);
if (report.failed) console.error(fc.defaultReportMessage(report));
process.exitCode = report.failed ? 1 : 0;
