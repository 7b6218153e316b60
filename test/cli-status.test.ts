import { describe, expect } from 'vitest';
import { tsdaemon } from './helpers/cli.ts';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

for (const line of lines) {
  describe(`tsdaemon status on Node ${line.major}`, () => {
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
