import { defineConfig } from 'vitest/config';
import { deadlines } from './test/helpers/deadlines.mjs';

/** What is shipped: packed, installed from the registry with each package manager, and run. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    globalSetup: ['test/helpers/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: deadlines.test,
    hookTimeout: deadlines.installation,
  },
});
