import { inspect } from 'node:util';

import { isOurs } from './exit-status.js';
import { commandLineMessage } from './messages.js';

/**
 * What failed in the daemon. No thread of the program runs in the launcher any more, in which an
 * error could be thrown: the process ends, and the launcher, if there is one, tells how.
 */
export function endBy(error: unknown): never {
  process.stderr.write(`${isOurs(error) ? commandLineMessage(error) : inspect(error)}\n`);
  process.exit(isOurs(error) ? error.exitStatus : 1);
}
