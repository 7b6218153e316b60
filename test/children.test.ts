import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { calls, carriesState, lines, strategyOf } from './helpers/lines.ts';
import { isAlive, stat } from './helpers/proc.mjs';
import type { Refused, Up } from './helpers/surrounded.ts';
import { test } from './helpers/test.ts';

for (const { line, entry, name } of calls) {
  describe.concurrent(`a process with a child ${name}`, () => {
    const start = { line, entry, program: 'surrounded.cjs', args: ['child'] };

    test('is refused, the child is named, and nothing was done', async ({ scene }) => {
      scene.launch({ ...start, daemon: { pidFile: scene.path('pid') } });
      const { error, before, after } = await scene.report<Refused>('refused');
      const child = await scene.report<Up>('child');
      expect(error).toMatchObject({
        ...{ name: 'DaemonError', code: 'ERR_DAEMON_UNFORKABLE', step: 'children' },
        pid: child.pid,
      });
      expect(error['message']).toContain(`the child process ${child.pid} (sleep) `);
      expect(after).toEqual(before);
    });

    test('becomes a daemon by force, and the child stays with the launcher', async ({ scene }) => {
      const launch = scene.launch({ ...start, daemon: { force: true } });
      const { pid } = await scene.report<Up>('up');
      const child = await scene.report<Up>('child');
      expect(isAlive(child.pid)).toBe(true);
      // The second run has made one of its own.
      expect(stat(child.pid)?.ppid === pid).toBe(!carriesState(entry));
      expect(pid).not.toBe(await launch.started);
    });

    test('becomes a daemon when the child has ended', async ({ scene }) => {
      scene.launch({ ...start, args: ['ended-child'] });
      expect((await scene.report<Up>('up')).strategy).toBe(strategyOf(entry));
    });
  });
}

for (const line of lines) {
  describe.concurrent(`a process under a tracer on Node ${line.major}`, () => {
    const start = { line, program: 'surrounded.cjs' };
    const options = (strategy: string) => ({ TEST_OPTIONS: JSON.stringify({ strategy }) });

    test('is executed anew, as the handle tells, if it may be', async ({ scene }) => {
      const through = [join(scene.root, 'traced')];
      const launch = scene.launch({ ...start, env: options('auto'), through });
      expect((await launch.end()).code).toBe(0);
      expect((await scene.report<Up>('up')).strategy).toBe('exec');
    });

    test('is refused by fork', async ({ scene }) => {
      scene.launch({ ...start, env: options('fork'), through: [join(scene.root, 'traced')] });
      const { error, before, after } = await scene.report<Refused>('refused');
      expect(error).toMatchObject({ code: 'ERR_DAEMON_UNFORKABLE', step: 'support' });
      expect(error['message']).toContain('a debugger or strace is attached');
      expect(after).toEqual(before);
    });

    test('and with a child is refused all the same', async ({ scene }) => {
      const through = [join(scene.root, 'traced')];
      scene.launch({ ...start, args: ['child'], env: options('auto'), through });
      const { error } = await scene.report<Refused>('refused');
      expect(error).toMatchObject({ code: 'ERR_DAEMON_UNFORKABLE', step: 'children' });
    });
  });
}
