import { statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface AtWork {
  status: number;
  refusals: string[];
}

/** The moment has to be met: one start may miss it. */
const rounds = ['first', 'second', 'third', 'fourth'];

for (const line of lines) {
  describe(`children at work on Node ${line.major}`, () => {
    for (const round of rounds) {
      test(`that a Worker starts at the same time are not lost, the ${round} time`, async ({
        scene,
      }) => {
        const env = { TEST_STRATEGY: 'fork' };
        const launch = scene.launch({ line, args: ['fixtures/children-at-work.cjs'], env });
        const { status, refusals } = await scene.report<AtWork>('up');
        expect(status).toBe(0);
        for (const refusal of refusals) expect(refusal).toBe('ERR_DAEMON_UNFORKABLE children');
        expect(await launch.end()).toEqual({ code: 0, signal: null });
      });
    }

    test('that were started before it is ready cannot fill the memory that was its stderr', async ({
      scene,
    }) => {
      const launch = scene.launch({
        line,
        entry: 'daemonize',
        program: 'early-child.cjs',
        daemon: { ready: 'manual' },
      });
      expect(await launch.finished()).toMatchObject({ code: 0, stderr: 'first\n' });
      const { pid, said } = await scene.report<{ pid: number; said: string }>('child');
      expect(said).toBe('ended with 1\n');
      expect(statSync(`/proc/${pid}/fd/2`).size).toBe('first\n'.length);
    });
  });
}
