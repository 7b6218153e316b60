import { defineConfig } from 'vitest/config';
import { deadlines } from './test/helpers/deadlines.mjs';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // vitest.package.config.ts
    exclude: ['test/package/**'],
    globalSetup: ['test/helpers/global-setup.ts'],
    pool: 'forks',
    // Each test starts real daemons, several at a time; a second file beside it would only make
    // the two of them slow on a small machine.
    fileParallelism: false,
    testTimeout: deadlines.test,
    hookTimeout: deadlines.test,
  },
});
