#!/usr/bin/env node
/**
 * The command `tsdaemon`.
 */
import { plainStatus } from './cli/plain-status.js';

async function main(): Promise<void> {
  // Asked again and again by monitors: it loads nothing that it does not need.
  if (plainStatus(process.argv.slice(2))) return;
  const { run } = require('./cli/program.js') as typeof import('./cli/program.js');
  await run(process.argv);
}

main().catch((error: unknown) => {
  const { report } = require('./cli/failure.js') as typeof import('./cli/failure.js');
  report(error);
});
