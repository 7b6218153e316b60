import { describe, expect } from 'vitest';
import { command } from './helpers/launch.ts';
import { type Entry, starts, strategyOf } from './helpers/lines.ts';
import { initialEnvironment, isAlive, stat } from './helpers/proc.mjs';
import type { Self } from './helpers/report.ts';
import { test } from './helpers/test.ts';

interface Outer extends Self {
  launcher: number;
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

const inners: Entry[] = ['early', 'daemonize', 'early by exec', 'daemonize by exec'];

for (const { line, entry, name } of starts) {
  describe.concurrent(`out of a daemon ${name}`, () => {
    for (const inner of inners) {
      test(`a program becomes a daemon of its own by ${inner}`, async ({ scene }) => {
        const begotten = command(scene, {
          ...{ line, entry: inner, program: 'self.cjs' },
          daemon: { pidFile: scene.path('inner.pid'), log: scene.path('log') },
        });
        const launch = scene.launch({
          ...{ line, entry, program: 'nested.cjs' },
          args: [JSON.stringify({ ...begotten, cwd: scene.root })],
          daemon: { pidFile: scene.path('pid') },
        });
        expect(await launch.finished()).toMatchObject({ code: 0, stderr: '' });
        const outer = await scene.report<Outer>('outer');
        expect(outer).toMatchObject({ isDaemon: true, code: 0, signal: null, stderr: '' });

        const daemon = await scene.report<Self>('self');
        expect(daemon.isDaemon).toBe(true);
        expect(daemon.pid).toBe(daemon.pidOfKernel);
        expect([outer.pid, outer.launcher]).not.toContain(daemon.pid);
        expect([outer.session, outer.launcher, daemon.pid]).not.toContain(daemon.session);
        expect(stat(daemon.pid)?.ppid).not.toBe(outer.pid);
        expect(scene.read('inner.pid')).toBe(`${daemon.pid}\n`);
        const token = initialEnvironment(daemon.pid).filter((text) =>
          text.startsWith('TSDAEMON_REBORN='),
        );
        expect(token.length).toBe(strategyOf(inner) === 'exec' ? 1 : 0);

        process.kill(daemon.pid, 'SIGTERM');
        expect(await launch.endOf(daemon.pid)).toEqual({ code: 5, signal: null });
        expect(isAlive(outer.pid)).toBe(true);
        expect(scene.read('pid')).toBe(`${outer.pid}\n`);
        process.kill(outer.pid, 'SIGTERM');
        expect(await launch.endOf(outer.pid)).toEqual({ code: null, signal: 'SIGTERM' });
        await scene.nothingLeft();
      });
    }
  });
}
