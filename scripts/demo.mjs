// The main job, for real: an HTTP server goes to the background by `--require tsdaemon/early`, is
// answered there, and is ended by its pid. Exits 0 only if each of these was seen to happen.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tsdaemon-demo-'));
const log = join(directory, 'server.log');
/** The pid of the daemon, once it is known. */
let daemon;

try {
  build();
  const launcher = launch();
  const { pid, address } = await until('the server to listen', announcement);
  daemon = pid;
  showDaemon(launcher);
  await showAnswer(address);
  await end();
  console.log('\nThe demo succeeded.');
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}`);
  const written = read(log);
  if (written) console.error(`The daemon's log:\n${written}`);
  process.exitCode = 1;
} finally {
  daemon ??= announcement()?.pid;
  if (daemon !== undefined && alive(daemon)) process.kill(daemon, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

function build() {
  console.log('Building.');
  const { status, error, stdout, stderr } = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`the build ended with ${status}\n${stdout}${stderr}`);
}

function launch() {
  const command = ['--require', 'tsdaemon/early', 'scripts/demo-server.cjs'];
  console.log(`\n$ TSDAEMON_LOG=${log} node ${command.join(' ')}`);
  const started = performance.now();
  // The launcher's output is a pipe: were it left open in the daemon, this call would not return.
  const { pid, status, signal, error, stdout } = spawnSync(process.execPath, command, {
    cwd: root,
    env: { ...process.env, TSDAEMON_LOG: log },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (error) throw error;
  const took = Math.round(performance.now() - started);
  console.log(`Process ${pid} ended with ${signal ?? status} after ${took} ms: the shell is free.`);
  check(status === 0, 'the launcher did not exit with 0');
  check(stdout === '', `the launcher printed ${JSON.stringify(stdout)}`);
  return pid;
}

/** What the server printed when it began to listen, which is in its log. */
function announcement() {
  const found = /^process (\d+) listens on (\S+)$/m.exec(read(log));
  return found && { pid: Number(found[1]), address: found[2] };
}

function showDaemon(launcher) {
  const { session, terminal } = stat(daemon);
  console.log(`Process ${daemon} goes on, in session ${session} with terminal ${terminal}.`);
  check(daemon !== launcher, 'the server still runs in the launcher');
  check(session !== stat(process.pid).session, 'the daemon has no session of its own');
  check(session !== daemon, 'the daemon leads its session');
  check(terminal === 'none', 'the daemon has a controlling terminal');
}

async function showAnswer(address) {
  console.log(`\n$ curl ${address}`);
  const response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  const answer = await response.text();
  console.log(answer);
  check(answer === `Hello from process ${daemon}, in /`, 'this is not the answer of the daemon');
}

async function end() {
  console.log(`\n$ kill ${daemon}`);
  process.kill(daemon, 'SIGTERM');
  await until('the daemon to end', () => !alive(daemon));
  check(read(log).endsWith('ended on request\n'), 'the daemon did not end of its own accord');
  console.log(`Process ${daemon} has ended. Its log:\n${read(log).trimEnd()}`);
}

async function until(what, seen) {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const answer = seen();
    if (answer) return answer;
    await pause(10);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** A daemon that has ended may stay a zombie for as long as its new parent does not look. */
function alive(pid) {
  const state = stat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** proc_pid_stat(5); the name in it may hold spaces and brackets. */
function stat(pid) {
  const line = read(`/proc/${pid}/stat`);
  if (line === '') return undefined;
  const [state, , , session, terminal] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { state, session: Number(session), terminal: terminal === '0' ? 'none' : terminal };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}

function check(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
