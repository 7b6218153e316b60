import { describe, expect } from 'vitest';
import { kinds } from './chaos/kinds.mjs';
import { chaosRun } from './chaos/run.mjs';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

/** Those that need nothing from npm; npm run chaos has them all, many times, on a busy machine. */
const withoutPackages = Object.entries(kinds).filter(([, { packages }]) => !packages);

/** Runs at the same time. */
const atOnce = 4;

for (const line of lines) {
  describe(`at a random moment of their work on Node ${line.major}`, () => {
    test('programs of every kind become daemons that complete it', async ({ scene }) => {
      const seed = Math.floor(Math.random() * 1e9);
      const failures: string[] = [];
      const runs = withoutPackages.values();
      const job = async () => {
        for (const [name, kind] of runs) {
          const { failure } = await chaosRun({
            root: scene.root,
            line,
            kind,
            seed,
            dir: scene.path(name),
            failureDirectory: () => scene.path('failures'),
          });
          if (failure !== undefined) failures.push(`${name} (seed ${seed}): ${failure}`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, job));
      expect(failures).toEqual([]);
    });
  });
}
