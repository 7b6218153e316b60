// What the arm64 proof takes from Debian: tools for this machine, installed; a kernel and a busybox for the emulated
// one, unpacked. Another architecture's packages are fetched with lists of our own, so that this system's stay as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installTools } from './debian-tools.mjs';

const tools = {
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
  'qemu-system-aarch64': 'qemu-system-arm',
  cpio: 'cpio',
};
const mirror = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
const suite = 'bookworm';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** @param {string} program @param {string[]} argv @param {import('node:child_process').ExecFileSyncOptions} [options] */
function run(program, argv, options) {
  return execFileSync(program, argv, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
}

/** @param {string} directory */
function aptFor(directory) {
  const apt = join(directory, 'apt');
  for (const part of ['lists/partial', 'archives/partial'])
    mkdirSync(join(apt, part), { recursive: true });
  const list = join(apt, 'sources.list');
  writeFileSync(list, `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  const settings = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(apt, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': apt,
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** @param {string} directory @returns {{kernel: string, busybox: string}} */
export function debianArm64(directory) {
  installTools(tools);
  const system = join(directory, 'debian');
  if (!existsSync(system)) fetch(directory, system);
  const kernel = readdirSync(join(system, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`no kernel in ${system}; remove it and try again`);
  return { kernel: join(system, 'boot', kernel), busybox: join(system, 'bin', 'busybox') };
}

/** @param {string} directory @param {string} system */
function fetch(directory, system) {
  console.log(`fetching a kernel and busybox for arm64 from ${mirror}`);
  const apt = aptFor(directory);
  run('apt-get', [...apt, 'update', '-q']);
  const depends = run('apt-cache', [...apt, 'depends', 'linux-image-arm64']);
  const kernel = /Depends: (linux-image-[\w.+-]+)/.exec(depends)?.[1];
  if (kernel === undefined) throw new Error(`linux-image-arm64 names no kernel: ${depends}`);
  const debs = join(directory, 'debs');
  rmSync(debs, { recursive: true, force: true });
  mkdirSync(debs);
  run('apt-get', [...apt, 'download', '-q', kernel, 'busybox-static'], { cwd: debs });

  // Unpacked beside its place: an interrupted run is never taken for a whole one.
  const command =
    'for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar x -C "$1" --exclude ./lib; done && mv "$1" "$2"';
  const staging = join(directory, 'debian-staging');
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging);
  run('sh', ['-ec', command, 'sh', staging, system], { cwd: debs });
  rmSync(debs, { recursive: true });
}
