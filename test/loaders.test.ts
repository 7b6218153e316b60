import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface Registered {
  square?: number;
  failed?: string;
  preloaded?: boolean;
  before: { cwd: string; path?: string };
  after: { cwd: string; path?: string };
}

const byFlag = ['--no-warnings', '--loader', './fixtures/lib/made-up.mjs'];

/** What else is named. */
const preloads = [
  { title: 'beside a loader of a relative path', nodeArgs: byFlag },
  { title: 'that is named alone', nodeArgs: [] },
  { title: 'beside one of a relative path', nodeArgs: ['--require', './fixtures/preloaded.cjs'] },
];

for (const line of lines) {
  describe(`the thread of a daemon's loaders on Node ${line.major} finds the preload`, () => {
    for (const entry of ['early', 'early by exec'] as const) {
      for (const { title, nodeArgs } of preloads) {
        test(`${title}, by ${entry}`, async ({ scene }) => {
          const launch = scene.launch({
            line,
            entry,
            program: 'registering.mjs',
            nodeArgs: ['--no-deprecation', ...nodeArgs],
            env: { NODE_PATH: '/nowhere', ...(nodeArgs === byFlag ? { TEST_BY_FLAG: '1' } : {}) },
          });
          expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
          const found = await scene.report<Registered>('registered');
          expect(found).toMatchObject({ square: 144, before: { cwd: '/', path: '/nowhere' } });
          expect(found.after).toEqual(found.before);
          expect(found.preloaded ?? false).toBe(nodeArgs.includes('--require'));
          await scene.nothingLeft();
        });
      }
    }

    test('and nothing is said of it', async ({ scene }) => {
      const [, ...loader] = byFlag;
      const nodeArgs = ['--disable-warning=ExperimentalWarning', ...loader];
      const launch = scene.launch({ line, entry: 'early', program: 'self.cjs', nodeArgs });
      expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
    });
  });
}
