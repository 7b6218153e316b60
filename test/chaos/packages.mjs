import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('../stress/run.mjs').Line} Line */

const here = fileURLToPath(new URL('packages/', import.meta.url));
const nodeGyp = fileURLToPath(
  new URL('../../node_modules/node-gyp/bin/node-gyp.js', import.meta.url),
);

/**
 * Installs what the programs of the kinds use beside tsdaemon, as pinned in packages/, without install scripts, and puts
 * it beside tsdaemon.
 *
 * @param {string} root of install() @param {string} home which may have it already
 */
export function installPackages(root, home) {
  mkdirSync(home, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    cpSync(join(here, name), join(home, name));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // Not "npm ci": npm 10 misses the optional packages of other systems in a lock that npm 10 has written.
  execFileSync('npm', ['install', ...quiet], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  const modules = join(home, 'node_modules');
  for (const name of names(modules)) {
    const place = join(root, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    // What the project has of its own stays.
    rmSync(place, { force: true, recursive: true });
    symlinkSync(join(modules, name), place);
  }
}

/** @param {string} modules */
function names(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`)
        : [name],
    );
}

/**
 * Builds better-sqlite3, which has its prebuilt binaries elsewhere than in npm, for a Node line, from its sources and
 * with the headers that came with that Node.
 *
 * @param {string} home of installPackages() @param {Line} line @returns {string} the addon
 */
export function buildSqlite(home, line) {
  const source = join(home, `better-sqlite3-${line.version}`);
  const addon = join(source, 'build', 'Release', 'better_sqlite3.node');
  if (existsSync(addon)) return addon;
  cpSync(join(home, 'node_modules', 'better-sqlite3'), source, { recursive: true });
  const nodeDirectory = dirname(dirname(line.execPath));
  const PATH = `${dirname(line.execPath)}:${process.env['PATH']}`;
  execFileSync(line.execPath, [nodeGyp, 'rebuild', '--release', `--nodedir=${nodeDirectory}`], {
    cwd: source,
    env: { ...process.env, PATH },
    stdio: 'pipe',
  });
  return addon;
}
