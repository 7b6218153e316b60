// The native part, built by node-gyp in a folder of its own: for another machine, or with another C library.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const gyp = join(project, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');

/**
 * @param {string} place the folder
 * @param {{
 *   tools: Record<string, string>, variables: Record<string, string | number>, arch?: string, headers?: string,
 *   target?: string,
 * }} options tools: CC, CXX and AR; variables: of binding.gyp; headers: of Node, where the running one has none;
 *   target: one of binding.gyp instead of all
 * @returns {string} where the results are
 */
export function buildApart(place, { tools, variables, arch, headers, target }) {
  mkdirSync(place, { recursive: true });
  for (const part of ['package.json', 'binding.gyp', 'native', join('test', 'native')]) {
    rmSync(join(place, part), { recursive: true, force: true });
    cpSync(join(project, part), join(place, part), { recursive: true, preserveTimestamps: true });
  }
  rmSync(join(place, 'node_modules'), { force: true });
  symlinkSync(join(project, 'node_modules'), join(place, 'node_modules'));

  /** @type {import('node:child_process').ExecFileSyncOptions} */
  const options = {
    cwd: place,
    env: { ...process.env, ...tools },
    stdio: ['ignore', 'ignore', 'inherit'],
  };
  const common = ['--loglevel=error'];
  if (arch !== undefined) common.push(`--arch=${arch}`);
  if (headers !== undefined) common.push(`--nodedir=${headers}`);
  const given = Object.entries(variables).map(([name, value]) => `-D${name}=${value}`);
  execFileSync(process.execPath, [gyp, 'configure', ...common, '--', ...given], options);
  const what = target === undefined ? ['--jobs', 'max'] : ['--jobs', 'max', target];
  execFileSync(process.execPath, [gyp, 'build', ...common, ...what], options);
  return join(place, 'build', 'Release');
}
