/**
 * The script that a command is given, run as Node runs it.
 */
import Module, { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { DaemonError } from '../error.js';

/** The path as Node has it in `process.argv[1]`. @throws DaemonError if there is no such script. */
export function findScript(script: string): string {
  const path = resolve(script);
  try {
    createRequire(path).resolve(path);
  } catch (cause) {
    throw new DaemonError('ERR_DAEMON_SCRIPT', { path, cause });
  }
  return path;
}

/** Makes `script` the main module, CommonJS or ESM, as if it had been given to Node itself. */
export function runMain(script: string, args: readonly string[], begun: () => void): void {
  process.argv.splice(1, process.argv.length, script, ...args);
  // This command's own module, which an ES module would not replace.
  delete process.mainModule;
  // On an empty stack: an error that the script does not catch is nobody else's.
  setImmediate(() => {
    (Module as unknown as { runMain(): void }).runMain();
    begun();
  });
}
