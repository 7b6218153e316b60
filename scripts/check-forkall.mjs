// Links native/core/forkall with the libc and nothing else. What runs while threads are parked may
// need no part of the libstdc++ run time, so that it builds on musl as well.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const archive = fileURLToPath(new URL('../build/Release/forkall.a', import.meta.url));
if (!existsSync(archive)) {
  console.error(`${archive} is missing; run "npm run build:native"`);
  process.exit(1);
}

const whole = ['-Wl,--whole-archive', archive, '-Wl,--no-whole-archive'];
const libcAlone = ['-nodefaultlibs', '-Wl,-z,defs', '-lc', '-lgcc'];
const { status, error } = spawnSync(
  process.env.CXX ?? 'c++',
  ['-shared', ...whole, ...libcAlone, '-o', '/dev/null'],
  { stdio: 'inherit' },
);
if (error) throw error;
if (status !== 0) console.error('core/forkall needs more than the libc, see the symbols above');
process.exitCode = status === 0 ? 0 : 1;
