/**
 * What `--require tsdaemon/early` does with its time, up to the first line of the program.
 */
import { run } from './run.mjs';
import { spread } from './statistics.mjs';
import { printTable } from './table.mjs';

const args = ['--require', './clock.cjs', '--require', 'tsdaemon/early', 'first-line.cjs'];

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {number} runs */
export async function measurePreload(root, env, runs) {
  /** @type {number[][]} */
  const parts = [[], [], []];
  for (let round = 0; round < runs; round++) {
    const variables = { ...env, TSDAEMON_STDOUT: 'inherit' };
    const { output } = await run(root, process.execPath, args, variables);
    for (const [i, took] of JSON.parse(output).entries()) parts[i]?.push(took);
  }
  printTable(
    `tsdaemon/early, ${runs} runs, ms`,
    ['', 'loading', 'fork and steps', 'up to the first line'],
    [['preload', ...parts.map((list) => spread(list))]],
  );
}
