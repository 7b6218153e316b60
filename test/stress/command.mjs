import { join } from 'node:path';
import { cleanEnvironment } from '../helpers/environment.mjs';

/** @typedef {{major: number, version: string, execPath: string}} Line */

/**
 * What starts a fixture as a daemon with the pid file "pid" in `dir`.
 *
 * @param {{
 *   line: Line, entry: 'early' | 'daemonize', program: string, dir: string, id: string, nodeArgs?: string[],
 * }} start
 * @returns {{argv: string[], env: Record<string, string>}}
 */
export function command({ line, entry, program, dir, id, nodeArgs = [] }) {
  const pidFile = join(dir, 'pid');
  const early = entry === 'early' ? ['--require', 'tsdaemon/early'] : [];
  const settings =
    entry === 'early'
      ? { TSDAEMON_PID_FILE: pidFile }
      : { TEST_OPTIONS: JSON.stringify({ pidFile }) };
  const env = {
    ...cleanEnvironment(),
    TEST_SCENE: id,
    TEST_DIR: dir,
    TEST_ENTRY: entry,
    ...settings,
  };
  return { argv: [line.execPath, ...nodeArgs, ...early, join('fixtures', program)], env };
}
