import { mkdirSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { lines, starts, strategyOf } from './helpers/lines.ts';
import {
  descriptors,
  initialEnvironment,
  isAlive,
  stat,
  unforkableMappings,
  workingDirectory,
} from './helpers/proc.mjs';
import { Terminal } from './helpers/pty.ts';
import type { Self } from './helpers/report.ts';
import { sharedScene, test } from './helpers/test.ts';
import { openToAll } from './helpers/user.ts';

for (const { line, entry, name } of starts) {
  describe(name, () => {
    describe('a daemon', () => {
      const started = sharedScene(async (scene) => {
        const launch = scene.launch({
          line,
          entry,
          program: 'self.cjs',
          daemon: { log: scene.path('log') },
        });
        const { code, signal, stdout, stderr } = await launch.finished();
        expect({ code, signal, stdout, stderr }).toEqual({
          code: 0,
          signal: null,
          stdout: '',
          stderr: '',
        });
        return { launch, launcher: await launch.started, self: await scene.report<Self>('self') };
      });

      test('is another process than the launcher, and knows its own id', () => {
        const { launcher, self } = started();
        expect(self.pid).toBe(self.pidOfKernel);
        expect(self.pid).not.toBe(launcher);
        expect(self.pidProperty).toEqual({
          value: self.pid,
          configurable: true,
          enumerable: true,
          writable: false,
        });
        expect(self.isDaemon).toBe(true);
      });

      test(`was made by ${strategyOf(entry)}`, () => {
        const token = initialEnvironment(started().self.pid).filter((text) =>
          text.startsWith('TSDAEMON_REBORN='),
        );
        expect(token.length).toBe(strategyOf(entry) === 'exec' ? 1 : 0);
      });

      test('has a session of its own and does not lead it', () => {
        const { launcher, self } = started();
        expect(self.session).not.toBe(stat(process.pid)?.session);
        expect(self.session).not.toBe(launcher);
        expect(self.session).not.toBe(self.pid);
        expect(self.pgrp).toBe(self.session);
      });

      test('has no controlling terminal', () => {
        const { self } = started();
        expect(self.tty).toBe(0);
        expect(self.terminal).toBe('ENXIO');
      });

      test('has another parent once the launcher is gone', () => {
        const { launcher, self } = started();
        expect(isAlive(launcher)).toBe(false);
        const parent = stat(self.pid)?.ppid;
        expect(parent).not.toBe(launcher);
        expect(isAlive(Number(parent))).toBe(true);
      });

      test('runs in / with umask 022 and writes to its log alone', () => {
        const { scene, self } = started();
        expect(self.cwd).toBe('/');
        expect(workingDirectory(self.pid)).toBe('/');
        expect(self.umask).toBe(0o022);
        const open = descriptors(self.pid);
        expect(open).toMatchObject({ 0: '/dev/null', 1: scene.path('log'), 2: scene.path('log') });
      });

      test("has let go of the launcher's pipes", () => {
        const { launch, self } = started();
        expect(launch.closed).toBe(true);
        expect(isAlive(self.pid)).toBe(true);
      });

      test('has a heap that its own children do not copy', () => {
        expect(unforkableMappings(started().self.pid)).toBeGreaterThan(10);
      });

      test('ends by SIGTERM as its handler says, and leaves nothing', async () => {
        const { launch, scene, self } = started();
        process.kill(self.pid, 'SIGTERM');
        expect(await launch.endOf(self.pid)).toEqual({ code: 5, signal: null });
        await scene.nothingLeft();
      });
    });

    test('keeps directory, umask and environment when asked to', async ({ scene }) => {
      const launch = scene.launch({
        line,
        entry,
        program: 'self.cjs',
        daemon: { cwd: 'keep', umask: 'inherit' },
        env: { KEPT: 'as it was' },
        through: ['sh', '-c', 'umask 0027; exec "$@"', 'sh'],
      });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      const { cwd, umask, environment } = await scene.report<Self>('self');
      expect({ cwd, umask }).toEqual({ cwd: scene.root, umask: 0o027 });
      expect(environment.KEPT).toBe('as it was');
    });

    test('takes another directory and umask, relative to where it was launched', async ({
      scene,
    }) => {
      mkdirSync(scene.path('home'));
      const launch = scene.launch({
        line,
        entry,
        args: [`${scene.root}/fixtures/self.cjs`],
        cwd: scene.dir,
        daemon: { cwd: 'home', umask: 0o007, log: 'log' },
      });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      const { pid, cwd, umask } = await scene.report<Self>('self');
      expect({ cwd, umask }).toEqual({ cwd: scene.path('home'), umask: 0o007 });
      expect(descriptors(pid)).toMatchObject({ 1: scene.path('log') });
    });

    test('may have given up root before', async ({ scene }) => {
      const start = { line: openToAll(scene, line), entry, program: 'given-up-root.cjs' };
      const launch = scene.launch(start);
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      const { pid, session, strangers } = await scene.report<Self & { strangers: string[] }>(
        'self',
      );
      expect(pid).not.toBe(await launch.started);
      expect(session).not.toBe(stat(process.pid)?.session);
      expect(strangers).toEqual([]);
    });

    test('outlives its terminal, of which it holds nothing', async ({ scene }) => {
      const launchLine = 'tty; "$@"; echo "status $?"; exec cat';
      const terminal = new Terminal(scene, launchLine, { line, entry, program: 'self.cjs' });
      const device = await terminal.shows(/(\/dev\/pts\/\d+)/);
      expect(await terminal.shows(/status (\d+)/)).toBe('0');

      const { pid, tty, terminal: opening } = await scene.report<Self>('self');
      expect({ tty, opening }).toEqual({ tty: 0, opening: 'ENXIO' });
      expect(Object.values(descriptors(pid))).not.toContain(device);
      expect(Object.values(descriptors(pid))).not.toContain('/dev/tty');

      await terminal.hangUp();
      await scene.until('the end of all but the daemon', () =>
        scene.processes().every((left) => left.pid === pid),
      );
      process.kill(pid, 'SIGUSR2');
      expect((await scene.report<Self>('again')).pid).toBe(pid);
    });
  });
}

for (const line of lines)
  test(`on Node ${line.major} daemonize() needs no option`, async ({ scene }) => {
    const launch = scene.launch({ line, program: 'bare.cjs' });
    expect(await launch.finished()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    const self = await scene.report<Self & Record<string, unknown>>('self');
    expect(self).toMatchObject({
      ...{ isDaemon: true, launcher: await launch.started, strategy: 'fork', tty: 0 },
      ...{ pid: self.pidOfKernel, cwd: '/', umask: 0o022 },
      descriptors: { 0: '/dev/null', 1: '/dev/null' },
    });
    expect(self).not.toHaveProperty('pidFile');
    expect(self.pid).not.toBe(await launch.started);
    process.kill(self.pid, 'SIGTERM');
    expect(await launch.endOf(self.pid)).toEqual({ code: null, signal: 'SIGTERM' });
    await scene.nothingLeft();
  });
