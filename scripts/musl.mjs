// The native test on musl, with Debian's musl-tools. Debian has no libstdc++ for musl: the one for glibc is linked in,
// its headers told what they would have found in glibc's. What it makes is in .musl/.
//
//   npm run musl -- [--rounds N] [OPTION OF native_test]... [PART OF A TITLE]
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApart } from './build-apart.mjs';
import { installTools } from './debian-tools.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const work = join(project, '.musl');
const triplet = 'x86_64-linux-gnu';
const musl = 'x86_64-linux-musl';

/** What libstdc++ was built with, where glibc's headers say it: the classes of <ctype.h>, and names. */
const glibcNames = {
  __locale_t: 'locale_t',
  '__GLIBC_PREREQ(a, b)': '0',
  _ISupper: 0x100,
  _ISlower: 0x200,
  _ISalpha: 0x400,
  _ISdigit: 0x800,
  _ISxdigit: 0x1000,
  _ISspace: 0x2000,
  _ISprint: 0x4000,
  _ISgraph: 0x8000,
  _ISblank: 1,
  _IScntrl: 2,
  _ISpunct: 4,
  _ISalnum: 8,
};

/** @param {string} text @param {...string} parts of its path */
function write(text, ...parts) {
  const path = join(work, ...parts);
  writeFileSync(path, text);
  return path;
}

/** A compiler for musl, as one command. @returns {string} */
function makeCompiler() {
  rmSync(join(work, 'include'), { recursive: true, force: true });
  mkdirSync(join(work, 'include', 'kernel'), { recursive: true });
  const version = execFileSync('g++', ['-dumpversion'], { encoding: 'utf8' }).trim();
  const kernel = join(work, 'include', 'kernel');
  symlinkSync('/usr/include/linux', join(kernel, 'linux'));
  symlinkSync('/usr/include/asm-generic', join(kernel, 'asm-generic'));
  symlinkSync(`/usr/include/${triplet}/asm`, join(kernel, 'asm'));

  // pthread_cond_clockwait(3) and its kin are glibc's.
  const own = join(work, 'include', 'libstdcxx');
  cpSync(`/usr/include/${triplet}/c++/${version}`, own, { recursive: true });
  const config = join(own, 'bits', 'c++config.h');
  const clocks =
    /^#define _GLIBCXX_USE_PTHREAD_(COND_CLOCKWAIT|MUTEX_CLOCKLOCK|RWLOCK_CLOCKLOCK) .*$/gm;
  writeFileSync(config, readFileSync(config, 'utf8').replace(clocks, ''));

  const names = Object.entries(glibcNames).map(([name, value]) => `#define ${name} ${value}\n`);
  const glibc = write(names.join(''), 'include', 'glibc-names.h');
  const folders = [
    `/usr/include/c++/${version}`,
    own,
    `/usr/include/c++/${version}/backward`,
    `/usr/include/${musl}`,
    `/usr/lib/gcc/${triplet}/${version}/include`,
    kernel,
  ];
  const compiler = write(
    `#!/bin/sh
exec g++ -specs /usr/lib/${musl}/musl-gcc.specs -nostdinc -nostdinc++ -include '${glibc}' \\
  ${folders.map((folder) => `-isystem '${folder}'`).join(' ')} \\
  "$@" -static-libstdc++ -static-libgcc
`,
    'g++',
  );
  chmodSync(compiler, 0o755);
  return compiler;
}

const given = process.argv.slice(2);
const rounds = given[0] === '--rounds' ? Number(given.splice(0, 2)[1]) : 1;
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is to be a number');
installTools({ 'musl-gcc': 'musl-tools', 'g++': 'g++', make: 'make' });
const release = buildApart(join(work, 'build'), {
  tools: { CXX: makeCompiler() },
  variables: { native_tests: 1, musl: 1 },
  target: 'native_test',
});
let failed = 0;
for (let round = 0; round < rounds; round++) {
  const { status } = spawnSync(join(release, 'native_test'), given, { stdio: 'inherit' });
  if (status !== 0) failed++;
}
console.log(`${rounds} rounds on musl, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
