import { describe, expect } from 'vitest';
import { calls } from './helpers/lines.ts';
import { descriptors } from './helpers/proc.mjs';
import type { Self } from './helpers/report.ts';
import { test } from './helpers/test.ts';

for (const { line, entry, name } of calls) {
  describe.concurrent(`a daemon ${name} that was a child by an IPC channel`, () => {
    for (const way of ['fork', 'cluster']) {
      test(`has let its parent go: ${way}`, async ({ scene }) => {
        const launch = scene.launch({ line, entry, program: 'parent.cjs', args: [way] });
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
