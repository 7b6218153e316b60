import { spawnSync } from 'node:child_process';
import { describe, expect } from 'vitest';
import { cli, startDaemon, tsdaemon } from './helpers/cli.ts';
import { cleanEnvironment } from './helpers/environment.mjs';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

const enough = 15;
const most = 60;
const allowed = 1.3;

/** How long a command takes, in milliseconds. */
function took(execPath: string, args: string[]): number {
  const begin = performance.now();
  const { status } = spawnSync(execPath, args, { env: cleanEnvironment() });
  expect(status).toBe(0);
  return performance.now() - begin;
}

for (const line of lines) {
  describe(`tsdaemon status on Node ${line.major}`, () => {
    test(`needs no more than ${allowed} times what Node needs for nothing`, async ({ scene }) => {
      await startDaemon(scene, line);
      const command = [cli(scene), 'status', '--pid-file', scene.path('pid')];
      // The least of many is what it needs; the rest is what the machine was busy with. Where it is
      // busy all the time, it takes more of them until both have had their turn.
      let nothing = Number.POSITIVE_INFINITY;
      let status = Number.POSITIVE_INFINITY;
      for (let round = 0; round < most; round++) {
        nothing = Math.min(nothing, took(line.execPath, ['-e', '0']));
        status = Math.min(status, took(line.execPath, command));
        if (round >= enough && status / nothing <= allowed) break;
      }
      expect(status / nothing).toBeLessThanOrEqual(allowed);
    });

    test('loads neither the parser of the other commands nor what makes daemons', async ({
      scene,
    }) => {
      const nodeArgs = ['--require', './fixtures/cli-loaded.cjs'];
      await tsdaemon(scene, line, ['status', '--pid-file', scene.path('pid')], { nodeArgs });
      const loaded = await scene.report<string[]>('loaded');
      expect(loaded.filter((file) => /commander|bomb|daemonize|handle/.test(file))).toEqual([]);
      expect(loaded.length).toBeLessThan(25);
    });
  });
}
