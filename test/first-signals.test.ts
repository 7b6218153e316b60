import { existsSync, rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { atFirstSightOf, storm } from './helpers/at-once.ts';
import type { LaunchOptions } from './helpers/launch.ts';
import { lines, starts } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

/** The moment has to be met: one start may miss it. */
const rounds = 4;

const moments = [
  { title: 'ready when it is detached', daemon: { ready: 'detached' } },
  { title: 'ready when it is loaded', daemon: { ready: 'loaded' } },
  { title: 'executed anew', daemon: { ready: 'detached', strategy: 'exec' } },
];

const outermost = starts.filter(({ line }) => line === lines[0] || line === lines.at(-1));

for (const { line, entry, name } of outermost) {
  for (const { title, daemon } of moments) {
    describe(`a daemon that is ${title} ${name}`, () => {
      const launch = (scene: Scene) => {
        for (const left of ['up.json', 'pid']) rmSync(scene.path(left), { force: true });
        const places = { pidFile: scene.path('pid'), log: scene.path('log') };
        const options: LaunchOptions = { line, entry, program: 'one-daemon.cjs' };
        return scene.launch({ ...options, daemon: { ...places, ...daemon } });
      };

      test('opens its log anew by every SIGHUP, from the first moment that its pid is known', async ({
        scene,
      }) => {
        for (let round = 1; round <= rounds; round++) {
          const launched = launch(scene);
          await launched.started;
          const pid = atFirstSightOf(scene.path('pid'), (pid) => {
            rmSync(scene.path('log'));
            storm(pid, 'SIGHUP', () => existsSync(scene.path('up.json')));
          });
          expect(await launched.end()).toEqual({ code: 0, signal: null });
          await scene.until('the new log', () => existsSync(scene.path('log')));
          process.kill(pid, 'SIGTERM');
          expect(await launched.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
        }
      });

      test('ends by SIGTERM and removes its pid file, from the first moment that its pid is known', async ({
        scene,
      }) => {
        for (let round = 1; round <= rounds; round++) {
          const launched = launch(scene);
          await launched.started;
          const pid = atFirstSightOf(scene.path('pid'), (pid) =>
            storm(pid, 'SIGTERM', () => false),
          );
          const { code } = await launched.end();
          expect(existsSync(scene.path('pid'))).toBe(false);
          // The end of one that was not yet ready is its launcher's to see, and to tell.
          if (code === 0)
            expect(await launched.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
          else expect(code).toBe(143);
        }
      });
    });
  }
}
