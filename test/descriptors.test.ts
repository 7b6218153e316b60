import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { carriesState, isEarly, starts } from './helpers/lines.ts';
import { descriptors } from './helpers/proc.mjs';
import type { Up } from './helpers/surrounded.ts';
import { test } from './helpers/test.ts';

/** Opens descriptors for the launcher, as a CI system or a shell does, and runs it. */
const inheriting = ['sh', '-c', 'exec "$@" 7>"$TEST_DIR/seven" 8>>"$TEST_DIR/eight"', 'sh'];

const closeOnExec = 0o2000000;

/** proc_pid_fdinfo(5). */
function flagsOf(pid: number, fd: number): number {
  const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
  return Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '', 8);
}

for (const { line, entry, name } of starts) {
  describe.concurrent(`what the launcher has inherited ${name}`, () => {
    const start = { line, entry, program: 'surrounded.cjs' };
    const closing = isEarly(entry) ? {} : { closeFds: true };

    test('is closed, but for what is to be kept and for what is its own', async ({ scene }) => {
      const launch = scene.launch({
        ...start,
        daemon: { ...closing, keepFds: [8], log: scene.path('log'), pidFile: scene.path('pid') },
        through: inheriting,
      });
      expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
      const { pid } = await scene.report<Up>('up');
      const open = descriptors(pid);
      expect(Object.values(open)).not.toContain(scene.path('seven'));
      expect(open[8]).toBe(scene.path('eight'));
      expect(Object.values(open)).toContain(scene.path('pid'));
      process.kill(pid, 'SIGUSR2');
      expect(await scene.report<Up>('again')).toEqual({ pid });
      process.kill(pid, 'SIGTERM');
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
      expect(existsSync(scene.path('pid'))).toBe(false);
    });

    if (!isEarly(entry))
      test('stays open if it is not asked for, where the program goes on', async ({ scene }) => {
        scene.launch({ ...start, args: ['file'], through: inheriting });
        const { pid } = await scene.report<Up>('up');
        const open = descriptors(pid);
        expect(open[7] === scene.path('seven')).toBe(carriesState(entry));
        const { fd } = await scene.report<{ fd: number }>('file');
        expect(open[fd]).toContain('surrounded.cjs');
      });

    if (!isEarly(entry))
      test('is closed on exec as before, if it was and is to be kept', async ({ scene }) => {
        scene.launch({ ...start, args: ['kept'] });
        const { pid } = await scene.report<Up>('up');
        const { fd } = await scene.report<{ fd: number }>('kept');
        expect(descriptors(pid)[fd]).toBe(scene.path('kept'));
        expect(flagsOf(pid, fd) & closeOnExec).toBe(closeOnExec);
        process.kill(pid, 'SIGUSR2');
        const child = await scene.report<Up>('child');
        expect(Object.values(descriptors(child.pid))).not.toContain(scene.path('kept'));
      });

    // The event loop watches it from its next turn on.
    if (isEarly(entry) && carriesState(entry))
      test('is not what a preload has just begun to use', async ({ scene }) => {
        const nodeArgs = ['--require', './fixtures/opens-handles.cjs'];
        expect(await scene.launch({ ...start, nodeArgs }).finished()).toMatchObject({ code: 0 });
        const { pid } = await scene.report<Up>('up');
        const socket = connect(scene.path('socket')).setEncoding('utf8');
        expect(await socket.toArray()).toEqual(['from the preload\n']);
        process.kill(pid, 'SIGUSR2');
        expect(await scene.report<Up>('again')).toEqual({ pid });
      });

    // Node raises the limit to the hard one.
    test('is not searched for up to the limit of open files', async ({ scene }) => {
      const through = [join(scene.root, 'near-descriptors')];
      const launch = scene.launch({ ...start, daemon: closing, through });
      expect(await launch.finished()).toMatchObject({ code: 0, signal: null });
      const { pid } = await scene.report<Up>('up');
      const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
      expect(Number(/^Max open files +(\d+)/m.exec(limits)?.[1])).toBeGreaterThan(10_000);
      process.kill(pid, 'SIGUSR2');
      expect(await scene.report<Up>('again')).toEqual({ pid });
    });
  });
}
