import { describe, expect } from 'vitest';
import { starts } from './helpers/lines.ts';
import { sharedScene, test } from './helpers/test.ts';

const parts = [
  { name: 'garbage', title: 'collects the garbage of several hundred megabytes' },
  { name: 'jit', title: 'compiles hot functions' },
  { name: 'timers', title: 'keeps time' },
  { name: 'files', title: 'writes and reads files by promises' },
  { name: 'zlib', title: 'compresses in the thread pool' },
  { name: 'pbkdf2', title: 'derives keys in the thread pool' },
  { name: 'dns', title: 'looks up localhost' },
  { name: 'childProcesses', title: 'starts child processes and is told of their ends' },
  { name: 'worker', title: 'runs Worker threads' },
  { name: 'webAssembly', title: 'compiles WebAssembly asynchronously' },
  { name: 'http', title: 'serves and asks by HTTP' },
  { name: 'profiler', title: 'is profiled by the inspector' },
  { name: 'setuid', title: 'changes the user of every thread' },
];

const endings = [
  {
    way: 'natural',
    title: 'ends by itself when nothing is left to do, with its exit code',
    code: 21,
  },
  { way: 'exit', title: 'ends by process.exit(), and its exit handlers run', code: 22 },
  {
    way: 'throw',
    title: 'ends with 1 by an error that nobody caught, which the log tells',
    code: 1,
  },
  {
    way: 'reject',
    title: 'ends with 1 by a rejection that nobody caught, which the log tells',
    code: 1,
  },
  { way: 'sigterm', title: 'heeds SIGTERM by its handler', code: 23 },
];

for (const { line, entry, name } of starts) {
  describe(`a daemon ${name},`, () => {
    describe('at work', () => {
      const ran = sharedScene(async (scene) => {
        const launch = scene.launch({
          line,
          entry,
          program: 'runtime.cjs',
          daemon: { log: scene.path('log') },
        });
        expect(await launch.end()).toEqual({ code: 0, signal: null });
        const results = await scene.report<Record<string, string>>('runtime');
        await launch.allEnded();
        return { launch, results };
      });

      for (const { name, title } of parts) {
        test(title, () => {
          expect(ran().results[name]).toBe('works');
        });
      }

      test('writes nothing of its own to the log', () => {
        expect(ran().scene.read('log')).toBe('');
      });
    });

    for (const { way, title, code } of endings) {
      test(title, async ({ scene }) => {
        const log = scene.path('log');
        const launch = scene.launch({
          line,
          entry,
          program: 'ending.cjs',
          args: [way],
          daemon: { log },
        });
        expect(await launch.end()).toEqual({ code: 0, signal: null });
        const { pid } = await scene.report<{ pid: number }>('up');
        process.kill(pid, way === 'sigterm' ? 'SIGTERM' : 'SIGUSR2');
        expect(await launch.endOf(pid)).toEqual({ code, signal: null });
        expect(await scene.report('exit')).toEqual({ code });
        if (code === 1)
          expect(scene.read('log')).toMatch(/Error: nobody catches this\n {4}at .*ending\.cjs/);
        else expect(scene.read('log')).toBe('');
      });
    }

    test('is ended by a signal it has no handler for', async ({ scene }) => {
      const launch = scene.launch({ line, entry, program: 'ending.cjs', args: ['natural'] });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      const { pid } = await scene.report<{ pid: number }>('up');
      process.kill(pid, 'SIGINT');
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGINT' });
    });
  });
}
