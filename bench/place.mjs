import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const addon = join('build', 'Release', 'tsdaemon.node');

/** What is measured beside us, and the compiler that the heavy program loads. */
const peers = [
  'daemon@1.1.0',
  'daemonize-process@4.1.1',
  'daemonize2@0.4.2',
  'pm2@7.0.4',
  'typescript@5.9.3',
];

/**
 * A directory with the programs, the compiled helpers, and tsdaemon installed as npm would have done it.
 * @returns {{root: string, remove: () => void}}
 */
export function makePlace() {
  for (const needed of [addon, join('dist', 'early.js')])
    if (!existsSync(join(project, needed)))
      throw new Error(`${needed} is missing: run "npm run build" first`);
  const root = mkdtempSync(join(tmpdir(), 'tsdaemon-bench-'));
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    cpSync(join(project, 'bench', 'programs'), root, { recursive: true });
    for (const name of ['stopwatch', 'double-fork'])
      execFileSync(process.env['CC'] ?? 'cc', [
        ...['-O2', '-Wall', '-Wextra', '-Werror', '-o', join(root, name)],
        join(project, 'bench', 'c', `${name}.c`),
      ]);
    installOurs(root);
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}

/** @param {string} root */
function installOurs(root) {
  const home = join(root, 'node_modules', 'tsdaemon');
  mkdirSync(join(home, dirname(addon)), { recursive: true });
  for (const part of ['package.json', 'dist', addon])
    cpSync(join(project, part), join(home, part), { recursive: true });
  // In a place of their own: peers have other versions of them.
  const { dependencies } = createRequire(import.meta.url)('../package.json');
  for (const name of Object.keys(dependencies)) {
    const link = join(home, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(project, 'node_modules', name), link);
  }
}

/** From npm, which would take for superfluous what it finds there. @param {string} root */
export function installPeers(root) {
  const folder = join(root, 'peers');
  mkdirSync(folder);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  execFileSync('npm', ['install', ...quiet, '--prefix', folder, ...peers], { stdio: 'inherit' });
  for (const spec of peers) {
    const [name = ''] = spec.split('@');
    symlinkSync(join(folder, 'node_modules', name), join(root, 'node_modules', name));
  }
}

/** Debian's packages, if this is Debian and we are root. @param {readonly string[]} packages */
export function installPackages(packages) {
  if (packages.length === 0 || process.geteuid?.() !== 0) return;
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = ['install', '-qq', '--no-install-recommends', ...packages];
    execFileSync('apt-get', options, { env, stdio: 'ignore' });
  } catch {
    // Left out of the table, with a word.
  }
}
