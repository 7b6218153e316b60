import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of the project. */
export const project = fileURLToPath(new URL('../../', import.meta.url));
const manifest = createRequire(import.meta.url)('../../package.json');

/** Packages of ours that programs in the tests use beside tsdaemon. */
const neighbours = ['express', 'fastify'];

/** Of test/helpers/c, that the tests run. */
const programs = [
  'faults',
  'filtered',
  'near-descriptors',
  'reaper',
  'shadow-stacked',
  'supervisor',
  'traced',
];

/** Of the same, that a Node loads. */
const addons = ['begin-faults', 'kernel-poller', 'unparkable'];

/**
 * Makes a directory in which tsdaemon is installed as npm would have done it, beside the fixtures, so that
 * `node --require tsdaemon/early fixtures/app.cjs` is typed there as a user types it.
 *
 * @param {string[]} [helpers] of test/helpers/c: some know of system calls that the headers of an older C library do not
 * @returns {{root: string, remove: () => void}}
 */
export function install(helpers = [...programs, ...addons]) {
  const addon = join('build', 'Release', 'tsdaemon.node');
  for (const needed of [addon, join('dist', 'early.js')]) {
    if (!existsSync(join(project, needed)))
      throw new Error(`${needed} is missing: run "npm run build" first`);
  }

  const root = mkdtempSync(join(tmpdir(), 'tsdaemon-test-'));
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    fill(root, addon, helpers);
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}

/** @param {string} root @param {string} addon @param {string[]} names of helpers */
function fill(root, addon, names) {
  chmodSync(root, 0o755);
  const modules = join(root, 'node_modules');
  const home = join(modules, 'tsdaemon');
  mkdirSync(join(home, dirname(addon)), { recursive: true });
  for (const part of ['package.json', 'dist', addon])
    cpSync(join(project, part), join(home, part), { recursive: true });
  for (const name of [...neighbours, ...Object.keys(manifest.dependencies ?? {})]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(project, 'node_modules', name), join(modules, name));
  }
  cpSync(join(project, 'test', 'fixtures'), join(root, 'fixtures'), { recursive: true });
  cpSync(join(project, 'examples'), join(root, 'examples'), { recursive: true });

  const helpers = join(project, 'test', 'helpers');
  for (const name of ['hand-over.py', 'systemd-boot.sh'])
    cpSync(join(helpers, name), join(root, name));
  const sources = join(helpers, 'c');
  for (const name of names) {
    const isAddon = addons.includes(name);
    const target = join(root, isAddon ? `${name}.node` : name);
    const options = isAddon ? ['-shared', '-fPIC', '-pthread'] : [];
    compile([...options, '-o', target, join(sources, `${name}.c`)]);
  }
}

/** @param {string[]} args */
function compile(args) {
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-Wall', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
