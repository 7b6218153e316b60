// What a script needs of Debian, installed when it is missing.
import { execFileSync, spawnSync } from 'node:child_process';

/** @param {string} program */
function isThere(program) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

/** @param {Record<string, string>} tools programs, and the packages that they need */
export function installTools(tools) {
  const missing = Object.entries(tools).filter(([program]) => !isThere(program));
  if (missing.length === 0) return;
  const packages = missing.flatMap(([, names]) => names.split(' '));
  console.log(`installing ${packages.join(', ')}`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: /** @type {const} */ (['ignore', 'ignore', 'inherit']),
  };
  execFileSync('apt-get', ['update', '-q'], options);
  execFileSync('apt-get', ['install', '-qqy', '--no-install-recommends', ...packages], options);
}
