// The addons of the tarball: built with the libc of Debian 11, so that they run with glibc 2.28 and all that came after
// it, and with the libstdc++ that Node itself needs. Into prebuilds/<platform>-<arch>/.
//
//   npm run prebuilds [-- linux-x64 linux-arm64]
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkAddon, checkTarball } from './check-prebuilds.mjs';
import { buildSuite, buildThere, DebianRoot, nodeThere } from './debian-root.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));

/** What each takes beside the compiler of the root. */
const targets = {
  'linux-x64': { packages: [], tools: {} },
  'linux-arm64': {
    packages: ['g++-aarch64-linux-gnu'],
    tools: {
      CC: 'aarch64-linux-gnu-gcc',
      CXX: 'aarch64-linux-gnu-g++',
      PREBUILD_STRIP_BIN: 'aarch64-linux-gnu-strip',
    },
  },
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets);
for (const target of wanted) {
  if (!(target in targets))
    throw new Error(`no target ${target}: expected ${Object.keys(targets).join(' or ')}`);
}

const root = new DebianRoot(buildSuite);
const { home, program } = nodeThere();
for (const target of wanted) {
  const { packages, tools } = targets[target];
  const [platform, arch] = target.split('-');
  root.prepareBuild(packages);
  root.run(
    [
      program,
      'node_modules/prebuildify/bin.js',
      ...['--napi', '--strip', '--tag-libc', '--name', 'tsdaemon'],
      ...['--platform', platform, '--arch', arch],
    ],
    {
      cwd: buildThere,
      path: [`${home}/bin`],
      env: { ...tools, HOME: '/root', npm_config_nodedir: home },
    },
  );
  const from = join(root.path, buildThere, 'prebuilds', target);
  const to = join(project, 'prebuilds', target);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  checkAddon(join(to, 'tsdaemon.glibc.node'));
}
checkTarball();
