import { describe, expect } from 'vitest';
import { calls, lines } from './helpers/lines.ts';
import { descriptors } from './helpers/proc.mjs';
import type { Self } from './helpers/report.ts';
import { test } from './helpers/test.ts';

const byCall = calls.map((call) => ({ ...call, ways: ['fork', 'cluster'] }));
const byPreload = lines.map((line) => ({
  ...{ line, entry: undefined, name: `by the preload on Node ${line.major}`, ways: ['preload'] },
}));

for (const { line, entry, name, ways } of [...byCall, ...byPreload]) {
  describe.concurrent(`a daemon ${name} that was a child by an IPC channel`, () => {
    for (const way of ways) {
      test(`has let its parent go: ${way}`, async ({ scene }) => {
        const launch = scene.launch({
          ...{ line, program: 'parent.cjs', args: [way] },
          ...(entry
            ? { entry }
            : { env: { TEST_ENTRY: 'early', TSDAEMON_LOG: scene.path('log') } }),
        });
        expect(await launch.finished()).toMatchObject({ code: 0, stderr: '' });
        expect(await scene.report('child')).toEqual({ code: 0 });
        const { pid, environment, isDaemon } = await scene.report<Self>('self');
        expect(isDaemon).toBe(true);
        expect(Object.keys(environment).filter((variable) => /^NODE_/.test(variable))).toEqual([]);
        const sockets = Object.values(descriptors(pid)).filter((to) => to.startsWith('socket:'));
        expect(sockets).toEqual([]);
        process.kill(pid, 'SIGUSR2');
        expect((await scene.report<Self>('again')).pid).toBe(pid);
      });
    }
  });
}
