import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../helpers/environment.mjs';
import type { Line } from '../helpers/lines.ts';

/** Where vitest runs. */
export const project = process.cwd();

/** Exact versions, one of each kind that is in use. */
const packages = {
  'npm-11': 'npm:npm@11.21.2',
  'npm-12': 'npm:npm@12.2.0',
  pnpm: '12.21.0',
  'yarn-1': 'npm:yarn@1.22.22',
  'yarn-4': 'npm:@yarnpkg/cli-dist@4.18.1',
};

interface Manager {
  name: string;
  /** Its program, among the packages. */
  program: string;
  /** What installs a tarball, in a directory with a package.json. */
  install(tarball: string): string[];
  /** What Node needs to find what was installed. */
  nodeArgs?: string[];
  /** What stands before the arguments of the command `tsdaemon`. */
  command: string[];
}

const bin = ['node_modules/.bin/tsdaemon'];

export const managers: Manager[] = [
  {
    name: 'npm 11',
    program: 'npm-11/bin/npm-cli.js',
    install: (tarball) => ['install', tarball],
    command: bin,
  },
  {
    name: 'npm 12',
    program: 'npm-12/bin/npm-cli.js',
    install: (tarball) => ['install', tarball],
    command: bin,
  },
  {
    name: 'pnpm',
    program: 'pnpm/bin/pnpm.mjs',
    install: (tarball) => ['add', '--config.dangerously-allow-all-builds=true', tarball],
    command: bin,
  },
  {
    name: 'yarn 1',
    program: 'yarn-1/bin/yarn.js',
    install: (tarball) => ['add', '--non-interactive', `file:${tarball}`],
    command: bin,
  },
  {
    name: "yarn 4 with Plug'n'Play",
    program: 'yarn-4/bin/yarn.js',
    install: (tarball) => ['add', `tsdaemon@file:${tarball}`],
    nodeArgs: ['--require', './.pnp.cjs'],
    command: ['node', '.yarn-4.js', 'run', 'tsdaemon'],
  },
];

/**
 * A PATH with this Node, and with what the scripts of package managers use: no compiler, no make, no Python.
 *
 * @param directory an empty one
 */
export function pathFor(line: Line, directory: string): string {
  mkdirSync(directory, { recursive: true });
  symlinkSync(line.execPath, join(directory, 'node'));
  for (const tool of ['sh', 'dirname', 'sed', 'uname'])
    symlinkSync(join('/bin', tool), join(directory, tool));
  return directory;
}

export function environment(path: string, home: string): Record<string, string> {
  // Of a network that has certificates of its own.
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  return {
    ...cleanEnvironment(),
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
    PATH: path,
    HOME: home,
    CC: '/nowhere/cc',
    CXX: '/nowhere/c++',
    npm_config_cache: join(home, 'npm-cache'),
    npm_config_update_notifier: 'false',
    // What comes from elsewhere is for yarn 4 an error where it takes the machine for a CI's.
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_SCRIPTS: 'true',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_CACHE_FOLDER: join(home, 'yarn-cache'),
  };
}

/** Fetches the package managers. Returns the directory of their packages. */
export function fetchManagers(directory: string): string {
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ dependencies: packages }));
  execFileSync('npm', ['install', '--ignore-scripts', '--loglevel=error'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(directory, 'node_modules');
}

/** Packs the checkout as `npm publish` would. Returns the tarball, and the paths in it. */
export function pack(into: string): { tarball: string; files: string[]; size: number } {
  const options = ['--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', into];
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', ...options], { cwd: project, encoding: 'utf8' }),
  );
  return {
    tarball: join(into, packed.filename),
    files: packed.files.map(({ path }: { path: string }) => path).sort(),
    size: packed.size,
  };
}
