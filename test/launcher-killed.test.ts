import { describe, expect } from 'vitest';
import { command } from './helpers/launch.ts';
import { starts } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';
import { killLauncher, type Moment } from './stress/killed.mjs';

/** Of each kind, for each Node and way in. */
const moments = 5;

for (const { line, entry, name } of starts) {
  describe.concurrent(`a launcher ${name}`, () => {
    // All with one pid file: what one attempt leaves must not hold up the next.
    const attempt = (scene: Scene, moment?: Moment) => {
      const daemon = { pidFile: scene.path('pid') };
      const start = command(scene, { line, entry, program: 'complete.cjs', daemon });
      return killLauncher({ root: scene.root, dir: scene.dir, ...start }, moment);
    };

    test(`leaves a whole daemon or none when it is killed, at ${moments} moments of its start`, async ({
      scene,
    }) => {
      const { left, duration } = await attempt(scene);
      expect(left).toBe('a daemon');
      for (let number = 1; number <= moments; number++) {
        await attempt(scene, { after: 'start', delay: Math.random() * duration });
      }
      await scene.nothingLeft();
    });

    test(`leaves a whole daemon or none when it is killed, at ${moments} moments of its fork`, async ({
      scene,
    }) => {
      for (let number = 1; number <= moments; number++) {
        await attempt(scene, { after: 'fork', delay: Math.random() * 10 });
      }
      await scene.nothingLeft();
    });
  });
}
