// A release of Debian in a folder, .roots/<suite>, made by debootstrap: to build and to run with its libc. Needs root.
// DEBIAN_MIRROR is where it comes from; a release that has left deb.debian.org is at http://archive.debian.org/debian.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeLines } from './node-lines.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const rootsDirectory = join(project, '.roots');
const mirror = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';

/** What the addon and the native test are built with. Of 2.31 they need nothing that 2.28 does not have. */
export const buildSuite = 'bullseye';

/** Where the project is in a root, and where its native part is built there. */
export const projectThere = '/tsdaemon';
export const buildThere = '/build';

const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';
const buildPackages = ['g++', 'make', 'python3'];

/** No release of its own: packages to be laid over another one. */
const overlays = { experimental: { suite: 'sid', packages: ['libc6', 'libc-bin', 'libc6-dev'] } };

export class DebianRoot {
  /** @param {string} suite */
  constructor(suite) {
    this.suite = suite;
    this.path = join(rootsDirectory, suite);
  }

  /** Makes it unless it is there, and installs what of these packages is missing. @param {string[]} packages */
  provide(packages) {
    if (process.getuid?.() !== 0)
      throw new Error(`only root can make a ${this.suite} in ${this.path}; run this as root`);
    if (!existsSync(this.path)) this.#make();
    const missing = packages.filter((name) => !this.#has(name));
    if (missing.length === 0) return;
    this.#update();
    this.#install(missing);
  }

  /**
   * Runs a command in it, with the project in `projectThere`, and throws unless it ends with 0.
   *
   * @param {string[]} argv
   * @param {{
   *   cwd?: string, env?: Record<string, string>, path?: string[], binds?: Record<string, string>,
   *   stdout?: number,
   * }} [options] path: before the system's; binds: of further files and folders, where they are to be there;
   *   stdout: a descriptor
   */
  run(argv, options) {
    const status = this.statusOf(argv, options);
    if (status !== 0) throw new Error(`in ${this.suite}, ${argv.join(' ')} ended with ${status}`);
  }

  /** As `run`. Returns the exit status, or the name of a signal. @returns {number | string} */
  statusOf(argv, { cwd = '/', env = {}, path = [], binds = {}, stdout = 1 } = {}) {
    const places = Object.entries({ [project]: projectThere, ...binds });
    const { status, signal, error } = spawnSync(
      'sh',
      [
        join(project, 'scripts', 'in-root.sh'),
        this.path,
        ...places.map(([from, to]) => `${from}:${to}`),
        '--',
        'sh',
        '-c',
        'cd "$1" && shift && exec "$@"',
        'sh',
        cwd,
        ...argv,
      ],
      {
        stdio: ['inherit', stdout, 'inherit'],
        env: { ...env, PATH: [...path, systemPath].join(':') },
      },
    );
    if (error) throw error;
    return status ?? signal ?? 'no status';
  }

  /** The version of its libc. */
  libc() {
    const { stdout } = spawnSync('chroot', [this.path, 'ldd', '--version'], { encoding: 'utf8' });
    const version = /(\d+\.\d+)$/m.exec(stdout);
    if (version === null) throw new Error(`${this.path} has no glibc: ${stdout}`);
    return version[1];
  }

  /**
   * Puts what the native part is built of into a new `buildThere`, and its compiler into the root.
   *
   * @param {string[]} [packages] what else it takes
   */
  prepareBuild(packages = []) {
    this.provide([...buildPackages, ...packages]);
    const place = join(this.path, buildThere);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    for (const part of ['package.json', 'binding.gyp', 'native', join('test', 'native')])
      cpSync(join(project, part), join(place, part), { recursive: true });
    symlinkSync(`${projectThere}/node_modules`, join(place, 'node_modules'));
  }

  #make() {
    console.log(`making ${this.path} from ${mirror}`);
    mkdirSync(rootsDirectory, { recursive: true });
    const overlay = overlays[this.suite];
    // Made beside its place and then renamed: an interrupted one is never taken for a whole one.
    const staging = new DebianRoot(this.suite);
    staging.path = mkdtempSync(join(rootsDirectory, 'staging-'));
    // It is to be the root of users that are not root, apt's own among them.
    chmodSync(staging.path, 0o755);
    try {
      debootstrap(overlay?.suite ?? this.suite, staging.path);
      if (overlay) staging.#lay(overlay.packages);
      renameSync(staging.path, this.path);
    } finally {
      rmSync(staging.path, { recursive: true, force: true });
    }
  }

  #lay(packages) {
    const line = `deb ${mirror} ${this.suite} main`;
    const file = `/etc/apt/sources.list.d/${this.suite}.list`;
    this.run(['sh', '-c', `echo '${line}' >${file}`]);
    this.#update();
    this.#install(['-t', this.suite, ...packages]);
  }

  #has(name) {
    const argv = ['chroot', this.path, 'dpkg-query', '-W', '-f', `\${db:Status-Abbrev}`, name];
    const { stdout } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
    return stdout.startsWith('ii');
  }

  // A mirror that lags, or one of releases that have ended, has lists that are past their date; they are signed all the same.
  #update() {
    this.run(['apt-get', '-q', '-o', 'Acquire::Check-Valid-Until=false', 'update']);
  }

  #install(packages) {
    this.run(['apt-get', 'install', '-qqy', '--no-install-recommends', ...packages], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
}

/** @param {string} suite @param {string} path */
function debootstrap(suite, path) {
  const { status, error } = spawnSync('debootstrap', ['--variant=minbase', suite, path, mirror], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (error?.code === 'ENOENT') throw new Error('debootstrap is missing; install it');
  if (error) throw error;
  if (status !== 0) throw new Error(`debootstrap of ${suite} from ${mirror} ended with ${status}`);
}

/** A Node with its headers, as it is found in a root. */
export function nodeThere() {
  const line = nodeLines().findLast(({ execPath }) => execPath.startsWith(project));
  if (line === undefined) throw new Error('no Node with headers; run "npm run node-lines"');
  const program = join(projectThere, relative(project, line.execPath));
  return { program, home: dirname(dirname(program)) };
}
