import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { crowd, strangers } from './helpers/crowd.mjs';
import { nodesOf } from './helpers/daemons.ts';
import { deadlines } from './helpers/deadlines.mjs';
import { command } from './helpers/launch.ts';
import { entries, isEarly, lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

const starts = 200;

describe(`${starts} starts at once on one pid file`, () => {
  for (const entry of [...entries, 'daemonize by exec'] as const) {
    const left = isEarly(entry) ? 'no pid file' : 'a pid file that was left';

    test(`make exactly one daemon by ${entry}, with ${left}`, {
      timeout: 2 * deadlines.test,
    }, async ({ scene }) => {
      const pidFile = scene.path('pid');
      if (!isEarly(entry)) writeFileSync(pidFile, `${process.pid}\n`);
      const commands = Array.from({ length: starts }, (_, number) => {
        const line = lines[number % lines.length];
        if (line === undefined) throw new Error('no Node');
        const nodeArgs = ['--require', './fixtures/gate.cjs'];
        return command(scene, {
          line,
          entry,
          nodeArgs,
          program: 'one-daemon.cjs',
          daemon: { pidFile },
        });
      });
      const ends = await crowd(scene.root, scene.dir, commands);

      const { pid } = await scene.report<{ pid: number }>('up');
      expect(scene.read('pid')).toBe(`${pid}\n`);
      expect(strangers(ends, pid)).toEqual([]);
      expect(ends.filter(({ code }) => code === 3).length).toBe(starts - 1);
      expect(nodesOf(scene)).toEqual([pid]);
    });
  }
});
