import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect } from 'vitest';
import type { DaemonOptions, LaunchOptions } from './helpers/launch.ts';
import { calls, carriesState, starts } from './helpers/lines.ts';
import { Terminal } from './helpers/pty.ts';
import type { Scene } from './helpers/scene.ts';
import { fromShell } from './helpers/shell.ts';
import { test } from './helpers/test.ts';

const toStdout = ['console', 'kept', 'stream', 'worker', 'child'];
const toStderr = ['error', 'error of the worker'];

const linesOf = (round: number, words: string[]) => words.map((word) => `${word} ${round}`).sort();

/** Lets fixtures/logging.cjs write a round, and waits until it stands where it is to stand. */
async function write(
  scene: Scene,
  pid: number,
  round: number,
  where: Record<string, string[]>,
): Promise<void> {
  process.kill(pid, 'SIGUSR2');
  for (const [name, words] of Object.entries(where)) {
    const expected = linesOf(round, words);
    await scene.until(`round ${round} in ${name}`, () => {
      const seen = scene
        .read(name)
        .split('\n')
        .filter((text) => text.endsWith(` ${round}`));
      return seen.length >= expected.length;
    });
    const seen = scene
      .read(name)
      .split('\n')
      .filter((text) => text.endsWith(` ${round}`));
    expect(seen.sort()).toEqual(expected);
  }
}

const all = [...toStdout, ...toStderr];

for (const { line, entry, name } of starts) {
  describe.concurrent(`the logs of a daemon ${name}`, () => {
    const start = (daemon: DaemonOptions, ...args: string[]): LaunchOptions => ({
      line,
      entry,
      program: 'logging.cjs',
      args,
      daemon,
    });
    const running = async (
      scene: Scene,
      daemon: DaemonOptions,
      ...args: string[]
    ): Promise<number> => {
      expect(await fromShell(scene, start(daemon, ...args))).toMatchObject({ status: 0 });
      return (await scene.report<{ pid: number }>('up')).pid;
    };

    test('are appended to, inherited by children, and for their owner and group alone', async ({
      scene,
    }) => {
      writeFileSync(scene.path('kept'), 'kept\n', { mode: 0o604 });
      const daemon = { stdout: scene.path('new'), stderr: scene.path('kept') };
      expect(await fromShell(scene, start(daemon), 'umask 0; "$@"')).toMatchObject({ status: 0 });
      const { pid } = await scene.report<{ pid: number }>('up');
      await write(scene, pid, 1, { new: toStdout, kept: toStderr });
      expect(scene.read('kept')).toMatch(/^kept\n/);
      expect(statSync(scene.path('new')).mode & 0o7777).toBe(0o640);
      expect(statSync(scene.path('kept')).mode & 0o7777).toBe(0o604);
      const append = 0o2000;
      const closedOnExec = 0o2000000;
      for (const fd of [1, 2]) {
        const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
        const flags = Number.parseInt(String(/^flags:\s+(\d+)/m.exec(info)?.[1]), 8);
        expect(flags & (append | closedOnExec)).toBe(append);
      }
    });

    test("are made with what the launcher's umask leaves of their mode", async ({ scene }) => {
      const daemon = { log: scene.path('log') };
      expect(await fromShell(scene, start(daemon), 'umask 077; "$@"')).toMatchObject({ status: 0 });
      expect(statSync(scene.path('log')).mode & 0o7777).toBe(0o600);
    });

    test('are opened anew by SIGHUP, for all that writes', async ({ scene }) => {
      const pid = await running(scene, { log: scene.path('log') });
      await write(scene, pid, 1, { log: all });
      renameSync(scene.path('log'), scene.path('old'));
      await write(scene, pid, 2, { old: all });
      process.kill(pid, 'SIGHUP');
      await scene.until('the new log', () => existsSync(scene.path('log')));
      const old = scene.read('old');
      await write(scene, pid, 3, { log: all });
      expect(scene.read('old')).toBe(old);
      expect(statSync(scene.path('log')).mode & 0o7777).toBe(0o640);
    });

    test('stay as they were when they cannot be opened, and tell why', async ({ scene }) => {
      const pid = await running(scene, { stdout: scene.path('out'), stderr: scene.path('err') });
      for (const log of ['out', 'err']) renameSync(scene.path(log), scene.path(`${log}.old`));
      mkdirSync(scene.path('out'));
      process.kill(pid, 'SIGHUP');
      await scene.until('the new log', () => existsSync(scene.path('err')));
      await write(scene, pid, 1, { 'out.old': toStdout, err: toStderr });
      expect(scene.read('out.old')).toMatch(
        /^tsdaemon: ERR_DAEMON_LOG: .+out for stdout.+\(EISDIR\).+\n/,
      );
      expect(scene.read('err.old')).toBe('');

      rmdirSync(scene.path('out'));
      process.kill(pid, 'SIGHUP');
      await scene.until('the new log', () => existsSync(scene.path('out')));
      await write(scene, pid, 2, { out: toStdout, err: toStderr });
    });

    test('tell it once when both are one', async ({ scene }) => {
      const pid = await running(scene, { log: scene.path('log') });
      renameSync(scene.path('log'), scene.path('old'));
      mkdirSync(scene.path('log'));
      process.kill(pid, 'SIGHUP');
      await scene.until('the error', () => scene.read('old') !== '');
      await write(scene, pid, 1, { old: all });
      expect(scene.read('old').match(/^tsdaemon: .+$/gm)).toEqual([
        expect.stringMatching(
          /^tsdaemon: ERR_DAEMON_LOG: .+ for the log: .+\(EISDIR\); the old one goes on: .+/,
        ),
      ]);
    });

    test('are not opened anew when the program has its own listener', async ({ scene }) => {
      const pid = await running(scene, { log: scene.path('log') }, 'own');
      renameSync(scene.path('log'), scene.path('old'));
      process.kill(pid, 'SIGHUP');
      await scene.report('hangup');
      await write(scene, pid, 1, { old: all });
      expect(existsSync(scene.path('log'))).toBe(false);
    });

    test("are not opened anew by SIGUSR1, which is the inspector's", async ({ scene }) => {
      const options = { ...start({ log: scene.path('log') }), nodeArgs: ['--inspect-port=0'] };
      expect(await fromShell(scene, options)).toMatchObject({ status: 0 });
      const { pid } = await scene.report<{ pid: number }>('up');
      renameSync(scene.path('log'), scene.path('old'));
      process.kill(pid, 'SIGUSR1');
      await scene.until('the inspector', () =>
        /^Debugger listening on ws:/m.test(scene.read('old')),
      );
      await write(scene, pid, 1, { old: all });
      expect(existsSync(scene.path('log'))).toBe(false);
    });
  });
}

for (const { line, entry, name } of calls) {
  describe.concurrent(`the logs of a daemon ${name} that has the handle`, () => {
    const start = { line, entry, program: 'logging.cjs' };

    test('are opened anew by reopenLogs()', async ({ scene }) => {
      const daemon = { log: scene.path('log') };
      expect(await fromShell(scene, { ...start, daemon, args: ['own', 'reopen'] })).toMatchObject({
        status: 0,
      });
      const { pid } = await scene.report<{ pid: number }>('up');
      renameSync(scene.path('log'), scene.path('old'));
      process.kill(pid, 'SIGHUP');
      await scene.report('reopen');
      await write(scene, pid, 1, { log: all });
      expect(scene.read('old')).toBe('');
    });

    if (carriesState(entry))
      test('are followed by what led to the terminal', async ({ scene }) => {
        const daemon = { log: scene.path('log') };
        const terminal = new Terminal(scene, '"$@"; echo "status $?"; exec cat', {
          ...start,
          daemon,
        });
        await terminal.shows(/status 0/);
        const { pid } = await scene.report<{ pid: number }>('up');
        await write(scene, pid, 1, { log: [...all, 'terminal'] });
        renameSync(scene.path('log'), scene.path('old'));
        process.kill(pid, 'SIGHUP');
        await scene.report('reopen');
        await write(scene, pid, 2, { log: [...all, 'terminal'] });
        rmSync(scene.path('reopen.json'));

        renameSync(scene.path('log'), scene.path('older'));
        process.kill(pid, 'SIGHUP');
        await scene.report('reopen');
        await write(scene, pid, 3, { log: [...all, 'terminal'] });
      });
  });
}
