import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import type { DaemonOptions, LaunchOptions } from './helpers/launch.ts';
import { isEarly, starts } from './helpers/lines.ts';
import { descriptors, isAlive } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { fromShell } from './helpers/shell.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

interface Up {
  pid: number;
  pidFile?: string;
  child?: number;
}

const ends = [
  { way: 'natural', title: 'nothing is left to do', end: { code: 0, signal: null } },
  { way: 'exit', title: 'process.exit() is called', end: { code: 7, signal: null } },
  { way: 'throw', title: 'nobody catches an error', end: { code: 1, signal: null } },
  { way: 'reject', title: 'nobody catches a rejection', end: { code: 1, signal: null } },
] as const;

const signals = ['SIGTERM', 'SIGINT'] as const;

for (const { line, entry, name } of starts) {
  describe.concurrent(`a pid file ${name}`, () => {
    const start = (scene: Scene, way: string, more: DaemonOptions = {}): LaunchOptions => ({
      line,
      entry,
      program: 'pid-file.cjs',
      args: way.split(' '),
      daemon: { pidFile: scene.path('pid'), ...more },
    });

    test('is written before the launcher exits, locked, closed on exec, and for all to read', async ({
      scene,
    }) => {
      const line = 'umask 077; "$@" && cat "$TEST_DIR/pid"';
      const { status, stdout } = await fromShell(scene, start(scene, 'natural'), line);
      const { pid, pidFile } = await scene.report<Up>('up');
      expect({ status, stdout }).toEqual({ status: 0, stdout: `${pid}\n` });
      if (!isEarly(entry)) expect(pidFile).toBe(scene.path('pid'));
      expect(lstatSync(scene.path('pid')).mode & 0o7777).toBe(0o644);

      const [fd, ...others] = Object.entries(descriptors(pid))
        .filter(([, target]) => target === scene.path('pid'))
        .map(([fd]) => fd);
      expect(others).toEqual([]);
      const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
      expect(info).toMatch(/^lock:.* FLOCK +ADVISORY +WRITE /m);
      const closedOnExec = 0o2000000;
      expect(Number.parseInt(String(/^flags:\s+(\d+)/m.exec(info)?.[1]), 8) & closedOnExec).toBe(
        closedOnExec,
      );
    });

    for (const { way, title, end } of ends) {
      test(`is removed when ${title}`, async ({ scene }) => {
        const launch = scene.launch(start(scene, way));
        expect((await launch.finished()).code).toBe(0);
        const { pid } = await scene.report<Up>('up');
        expect(scene.read('pid')).toBe(`${pid}\n`);
        process.kill(pid, 'SIGUSR2');
        expect(await launch.endOf(pid)).toEqual(end);
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    for (const signal of signals) {
      test(`is removed when ${signal} ends the daemon`, async ({ scene }) => {
        const launch = scene.launch(start(scene, 'natural'));
        expect((await launch.finished()).code).toBe(0);
        const { pid } = await scene.report<Up>('up');
        process.kill(pid, signal);
        expect(await launch.endOf(pid)).toEqual({ code: null, signal });
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('that a killed daemon has left does not hold up the next one, nor does a child', async ({
      scene,
    }) => {
      const launch = scene.launch(start(scene, 'natural child'));
      expect((await launch.finished()).code).toBe(0);
      const { pid, child = 0 } = await scene.report<Up>('up');
      expect(Object.values(descriptors(child))).not.toContain(scene.path('pid'));
      process.kill(pid, 'SIGKILL');
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGKILL' });
      expect(scene.read('pid')).toBe(`${pid}\n`);

      rmSync(scene.path('up.json'));
      expect(await fromShell(scene, start(scene, 'natural'))).toMatchObject({ status: 0 });
      const next = await scene.report<Up>('up');
      expect(next.pid).not.toBe(pid);
      expect(scene.read('pid')).toBe(`${next.pid}\n`);
      expect(isAlive(child)).toBe(true);
    });

    test('is named from where the launcher was, and its directory may be moved', async ({
      scene,
    }) => {
      mkdirSync(scene.path('run'));
      const { program, args, ...rest } = start(scene, 'exit', { pidFile: 'run/pid' });
      const path = join(scene.root, 'fixtures', String(program));
      const launch = scene.launch({ ...rest, cwd: scene.dir, args: [path, ...(args ?? [])] });
      expect((await launch.finished()).code).toBe(0);
      const { pid } = await scene.report<Up>('up');
      expect(scene.read('run/pid')).toBe(`${pid}\n`);

      renameSync(scene.path('run'), scene.path('moved'));
      process.kill(pid, 'SIGUSR2');
      expect(await launch.endOf(pid)).toEqual({ code: 7, signal: null });
      expect(readdirSync(scene.path('moved'))).toEqual([]);
    });

    test('that has taken its place is not touched at the end', async ({ scene }) => {
      const launch = scene.launch(start(scene, 'natural'));
      expect((await launch.finished()).code).toBe(0);
      const { pid } = await scene.report<Up>('up');
      renameSync(scene.path('pid'), scene.path('old'));
      writeFileSync(scene.path('pid'), "another's\n");
      process.kill(pid, 'SIGUSR2');
      expect(await launch.endOf(pid)).toEqual({ code: 0, signal: null });
      expect(scene.read('pid')).toBe("another's\n");
      expect(scene.read('old')).toBe(`${pid}\n`);
    });

    test('that somebody has removed is not missed at the end', async ({ scene }) => {
      const launch = scene.launch(start(scene, 'natural'));
      expect((await launch.finished()).code).toBe(0);
      const { pid } = await scene.report<Up>('up');
      rmSync(scene.path('pid'));
      process.kill(pid, 'SIGUSR2');
      expect(await launch.endOf(pid)).toEqual({ code: 0, signal: null });
    });

    test('is emptied at the end where the directory forbids to remove it', async ({ scene }) => {
      mkdirSync(scene.path('run'));
      writeFileSync(scene.path('run/pid'), '');
      chmodSync(scene.path('run/pid'), 0o666);
      const launch = scene.launch({
        ...start(scene, 'natural', { pidFile: scene.path('run/pid') }),
        line: openToAll(scene, line),
        through: asOrdinaryUser,
      });
      expect((await launch.finished()).code).toBe(0);
      const { pid } = await scene.report<Up>('up');
      expect(scene.read('run/pid')).toBe(`${pid}\n`);
      process.kill(pid, 'SIGTERM');
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
      expect(scene.read('run/pid')).toBe('');
    });

    test('that the start has made is removed again when the start fails', async ({ scene }) => {
      const failing = { cwd: scene.path('missing') };
      expect(await fromShell(scene, start(scene, 'natural', failing))).toMatchObject({ status: 1 });
      expect(existsSync(scene.path('pid'))).toBe(false);
    });

    test('of a running daemon is the same one after a second start was refused', async ({
      scene,
    }) => {
      expect(await fromShell(scene, start(scene, 'exit'))).toMatchObject({ status: 0 });
      await scene.report<Up>('up');
      const before = lstatSync(scene.path('pid'));
      expect(await fromShell(scene, start(scene, 'exit'))).toMatchObject({ status: 3 });
      const { ino, size, mtimeMs } = lstatSync(scene.path('pid'));
      expect({ ino, size, mtimeMs }).toMatchObject({
        ino: before.ino,
        size: before.size,
        mtimeMs: before.mtimeMs,
      });
    });
  });
}

for (const { line, entry, name } of starts) {
  describe.concurrent(`a daemon with a name ${name}`, () => {
    const start: LaunchOptions = {
      line,
      entry,
      program: 'pid-file.cjs',
      args: ['natural'],
      daemon: { name: 'tsdaemon-test' },
    };

    test('has its files in /run and /var/log when root starts it', async ({ scene }) => {
      const own = 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && "$@"';
      const seen = await fromShell(scene, start, `unshare --mount sh -c '${own}' sh "$@"`);
      expect(seen).toEqual({ status: 0, stdout: '', stderr: '' });
      const { pid } = await scene.report<Up>('up');
      const root = `/proc/${pid}/root`;
      expect(readFileSync(`${root}/run/tsdaemon-test.pid`, 'latin1')).toBe(`${pid}\n`);
      expect(lstatSync(`${root}/var/log/tsdaemon-test.log`).mode & 0o777).toBe(0o640);
      expect(descriptors(pid)).toMatchObject({ 1: '/var/log/tsdaemon-test.log' });
      expect(existsSync('/run/tsdaemon-test.pid')).toBe(false);
    });

    const places = (scene: Scene) => [
      {
        env: { XDG_RUNTIME_DIR: scene.path('run'), XDG_STATE_HOME: scene.path('state') },
        pidFile: scene.path('run/tsdaemon-test.pid'),
        log: scene.path('state/tsdaemon-test.log'),
      },
      {
        env: { HOME: scene.path('home'), XDG_RUNTIME_DIR: '', XDG_STATE_HOME: '' },
        pidFile: scene.path('home/.local/state/tsdaemon-test.pid'),
        log: scene.path('home/.local/state/tsdaemon-test.log'),
      },
    ];

    test("has its files in an ordinary user's directories", async ({ scene }) => {
      for (const { env, pidFile, log } of places(scene)) {
        const user = { line: openToAll(scene, line), through: asOrdinaryUser };
        expect(await fromShell(scene, { ...start, ...user, env })).toMatchObject({ status: 0 });
        const { pid } = await scene.report<Up>('up');
        expect(readFileSync(pidFile, 'latin1')).toBe(`${pid}\n`);
        expect(descriptors(pid)).toMatchObject({ 1: log, 2: log });
        expect(lstatSync(dirname(log)).mode & 0o777).toBe(0o700);
        rmSync(scene.path('up.json'));
      }
    });
  });
}
