import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a command until nobody holds its output any more: neither it nor the daemon that it leaves behind.
 *
 * @param {string} root @param {string} file @param {readonly string[]} args @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{output: string, ended: number}>} when the command itself ended, as hrtime in milliseconds
 */
export async function run(root, file, args, env) {
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  let ended = 0;
  child.once('exit', () => {
    ended = Number(process.hrtime.bigint()) / 1e6;
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${signal ?? code}`);
  return { output, ended };
}
