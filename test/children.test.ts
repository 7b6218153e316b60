import { statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

for (const line of lines) {
  describe(`children on Node ${line.major}`, () => {
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
