import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { DaemonOptions, Launch } from './helpers/launch.ts';
import { calls, type Entry, type Line, starts } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { fromShell } from './helpers/shell.ts';
import { test } from './helpers/test.ts';

interface Up {
  pid: number;
}

class Running {
  readonly scene: Scene;
  readonly launch: Launch;
  readonly pid: number;

  private constructor(scene: Scene, launch: Launch, pid: number) {
    this.scene = scene;
    this.launch = launch;
    this.pid = pid;
  }

  /** fixtures/stopping.cjs with some of its parts, ready. */
  static async start(
    scene: Scene,
    { line, entry }: { line: Line; entry: Entry },
    parts: string,
    more: DaemonOptions = {},
  ): Promise<Running> {
    const daemon = { log: scene.path('log'), pidFile: scene.path('pid'), ...more };
    const args = parts.split(' ').filter(Boolean);
    const launch = scene.launch({ line, entry, program: 'stopping.cjs', args, daemon });
    expect((await launch.finished()).code).toBe(0);
    const { pid } = await scene.report<Up>('up');
    return new Running(scene, launch, pid);
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  end() {
    return this.launch.endOf(this.pid);
  }

  said(): string[] {
    return this.scene.read('log').split('\n').slice(0, -1);
  }
}

const ends = ['SIGTERM', 'SIGINT'] as const;

for (const start of starts) {
  describe.concurrent(`a daemon ${start.name} that has no listener`, () => {
    for (const signal of ends) {
      test(`is ended by ${signal}, as it says, and its pid file is removed`, async ({ scene }) => {
        const running = await Running.start(scene, start, '');
        running.kill(signal);
        expect(await running.end()).toEqual({ code: null, signal });
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('is not ended by SIGHUP', async ({ scene }) => {
      const running = await Running.start(scene, start, '');
      running.kill('SIGHUP');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
    });
  });

  describe.concurrent(`a daemon ${start.name} that has listeners of its own`, () => {
    for (const own of ['own', 'own-later']) {
      test(`is ended by them alone, and its pid file is removed: ${own}`, async ({ scene }) => {
        const running = await Running.start(scene, start, own);
        running.kill('SIGTERM');
        expect(await running.end()).toEqual({ code: 9, signal: null });
        expect(running.said().map((text) => text.replace(/,.*/, ''))).toEqual([
          'own listener',
          'exit 9',
        ]);
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('does with SIGHUP what they do', async ({ scene }) => {
      const running = await Running.start(scene, start, 'own-hangup');
      running.kill('SIGHUP');
      await scene.report('hangup');
      expect(running.said()[0]).toMatch(/^own hangup/);
      running.kill('SIGINT');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGINT' });
    });

    test('and takes them away again is ended by the signal', async ({ scene }) => {
      const running = await Running.start(scene, start, 'own-gone');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(running.said()).toEqual([]);
    });

    test('and raises the signal again when nobody else listens is ended by it', async ({
      scene,
    }) => {
      const running = await Running.start(scene, start, 'signal-exit');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(running.said()[0]).toMatch(/^signal-exit/);
      expect(existsSync(scene.path('pid'))).toBe(false);
    });
  });
}

for (const start of calls) {
  describe.concurrent(`the stopping handlers ${start.name}`, () => {
    for (const signal of ends) {
      test(`are called before ${signal} ends the daemon, one after the other, the last first`, async ({
        scene,
      }) => {
        const running = await Running.start(scene, start, 'first second third');
        running.kill(signal);
        expect(await running.end()).toEqual({ code: null, signal });
        expect(running.said()).toEqual(
          [
            'third begins',
            'third ends',
            `second ${signal}`,
            `first begins ${signal}`,
            'first ends',
          ].map((text) => `${text}, pid file there`),
        );
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('may be called once', async ({ scene }) => {
      const running = await Running.start(scene, start, 'first once');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(running.said().map((text) => text.replace(/,.*/, ''))).toEqual([
        'once',
        'first begins SIGTERM',
        'first ends',
      ]);
    });

    test('may fail, which the log tells, and the others are called', async ({ scene }) => {
      const running = await Running.start(scene, start, 'first fails');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
      const log = scene.read('log');
      expect(log).toMatch(
        /^Error: a handler failed\n {4}at [\s\S]*\nfirst begins SIGTERM,.*\nfirst ends/,
      );
      expect(existsSync(scene.path('pid'))).toBe(false);
    });

    test('may not take longer than shutdownTimeout', async ({ scene }) => {
      const running = await Running.start(scene, start, 'first hangs', { shutdownTimeout: 300 });
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(running.said()).toEqual(['hangs, pid file there']);
      expect(existsSync(scene.path('pid'))).toBe(false);
    });

    for (const second of ends) {
      test(`are not waited for any longer when ${second} comes as well`, async ({ scene }) => {
        const patient = { shutdownTimeout: 2 ** 31 - 1 };
        const running = await Running.start(scene, start, 'first hangs', patient);
        running.kill('SIGTERM');
        await scene.report('hangs');
        running.kill(second);
        expect(await running.end()).toEqual({ code: null, signal: second });
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('are not called when the program has a listener of its own', async ({ scene }) => {
      const running = await Running.start(scene, start, 'first own');
      running.kill('SIGTERM');
      expect(await running.end()).toEqual({ code: 9, signal: null });
      expect(running.said().map((text) => text.replace(/,.*/, ''))).toEqual([
        'own listener',
        'exit 9',
      ]);
    });
  });

  describe.concurrent(`a daemon ${start.name} that has the handle`, () => {
    test('is told to reload by SIGHUP', async ({ scene }) => {
      const running = await Running.start(scene, start, 'reload');
      running.kill('SIGHUP');
      await scene.report('reload');
      expect(running.said().map((text) => text.replace(/,.*/, ''))).toEqual(['reopen', 'reload']);
    });

    test('gives up its pid file and its signals when it says so', async ({ scene }) => {
      const running = await Running.start(scene, start, 'first reload release');
      expect(existsSync(scene.path('pid'))).toBe(false);
      const next = { ...start, program: 'stopping.cjs' };
      const daemon = { pidFile: scene.path('pid') };
      expect(await fromShell(scene, { ...next, daemon })).toMatchObject({ status: 0 });
      running.kill('SIGHUP');
      expect(await running.end()).toEqual({ code: null, signal: 'SIGHUP' });
      expect(running.said()).toEqual([]);
      expect(existsSync(scene.path('pid'))).toBe(true);
    });
  });
}
