// The whole proof with every glibc: the native part is built once, with the oldest, and then the native test and the
// stress run are made in a folder of each release, by debootstrap and chroot(8). Prints a table; needs root.
//
//   npm run glibc -- [SUITE...] [--native N] [--early N] [--late N] [--lines 20,22]
//       [--busy K] [--jobs J]
//
// SUITE            releases of Debian; "experimental" is sid with the libc of experimental (default: all that are known)
// --native         rounds of the native test (default 2)
// --early, --late  runs a Node line, as of "npm run stress" (default 100 and 50)
// --lines          some of the Node lines (default: all)
// --busy, --jobs   as of "npm run stress"
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSuite, buildThere, DebianRoot, nodeThere, projectThere } from './debian-root.mjs';

const suites = ['bullseye', 'bookworm', 'trixie', 'sid', 'experimental'];

/** Beside a minimal Debian: a compiler for the helpers of the tests, and what Node 26 is linked with. */
const packages = ['gcc', 'libc6-dev', 'libatomic1'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    native: { type: 'string', default: '2' },
    early: { type: 'string', default: '100' },
    late: { type: 'string', default: '50' },
    lines: { type: 'string' },
    busy: { type: 'string' },
    jobs: { type: 'string' },
  },
});
for (const suite of positionals) {
  if (!suites.includes(suite))
    throw new Error(`no release ${suite}: expected some of ${suites.join(', ')}`);
}

const project = fileURLToPath(new URL('..', import.meta.url));
const node = nodeThere();

/** The native test and the addon. Returns the folder. */
function build() {
  const root = new DebianRoot(buildSuite);
  root.prepareBuild();
  const gyp = [node.program, 'node_modules/node-gyp/bin/node-gyp.js'];
  const env = { HOME: '/root', npm_config_nodedir: node.home };
  const options = { cwd: buildThere, path: [`${node.home}/bin`], env };
  root.run([...gyp, 'configure', '--loglevel=error', '--', '-Dnative_tests=1'], options);
  root.run([...gyp, 'build', '--loglevel=error', '--jobs', 'max'], options);
  // Taken away: a later build in the root makes its folder anew.
  const built = join(project, '.roots', 'glibc-build');
  rmSync(built, { recursive: true, force: true });
  cpSync(join(root.path, buildThere, 'build'), built, { recursive: true });
  return built;
}

/** Where the runs in it leave what is known of them: empty at first. @param {DebianRoot} root */
function findings(root) {
  const into = join(project, '.roots', `${root.suite}-stress`);
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  return into;
}

/** @param {DebianRoot} root @param {Record<string, string>} binds @param {string} into */
function nativeTest(root, binds, into) {
  const cases = { run: 0, failed: 0 };
  const argv = [`${projectThere}/build/Release/native_test`, '--deadline', '120'];
  for (let round = 1; round <= Number(values.native); round++) {
    const file = join(into, `native-${round}.txt`);
    const stdout = openSync(file, 'a');
    const status = root.statusOf(argv, { cwd: projectThere, binds, stdout });
    closeSync(stdout);
    const text = readFileSync(file, 'utf8');
    process.stdout.write(text);
    const totals = /^(\d+) passed, (\d+) failed\n$/m.exec(text);
    if (totals === null || (status === 0) !== (totals[2] === '0'))
      throw new Error(`the native test in ${root.suite} ended with ${status}, see ${file}`);
    cases.run += Number(totals[1]) + Number(totals[2]);
    cases.failed += Number(totals[2]);
  }
  return cases;
}

/** @param {DebianRoot} root @param {Record<string, string>} binds @param {string} into */
function stress(root, binds, into) {
  const table = join(into, 'table.json');
  const keep = join(projectThere, '.roots', `${root.suite}-stress`);
  const passedOn = ['lines', 'busy', 'jobs']
    .filter((name) => values[name] !== undefined)
    .flatMap((name) => [`--${name}`, values[name]]);
  const argv = [
    process.execPath,
    `${projectThere}/test/stress/stress.mjs`,
    ...['--early', values.early, '--late', values.late, ...passedOn],
    ...['--keep', keep, '--json', join(keep, 'table.json')],
  ];
  const status = root.statusOf(argv, { cwd: projectThere, binds, env: { HOME: '/root' } });
  if (!existsSync(table)) throw new Error(`the stress run in ${root.suite} ended with ${status}`);
  return JSON.parse(readFileSync(table, 'utf8'));
}

/** What a failed run leaves is kept, and named by the run itself. */
function proof(suite, built) {
  const root = new DebianRoot(suite);
  root.provide(packages);
  const libc = root.libc();
  console.log(`\n${suite}: glibc ${libc}`);
  const binds = {
    [built]: `${projectThere}/build`,
    // The stress run's servers are at localhost.
    '/etc/hosts': '/etc/hosts',
    // The Node that runs us stands for its line.
    [process.execPath]: process.execPath,
  };
  const into = findings(root);
  const cases = nativeTest(root, binds, into);
  return { suite, libc, cases, rows: stress(root, binds, into) };
}

/** @param {ReturnType<typeof proof>[]} proofs */
function print(proofs) {
  const date = new Date().toISOString().slice(0, 10);
  console.log(`\n${date}, Linux ${release()}, ${process.arch}\n`);
  console.log(
    '| glibc | Debian | native test, cases / failed | Node | early, runs / failed | late, runs / failed |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { suite, libc, cases, rows } of proofs) {
    for (const version of new Set(rows.map((row) => row.node))) {
      const cell = (kind) => {
        const row = rows.find((row) => row.node === version && row.kind === kind);
        return row ? `${row.runs} / ${row.failed}` : '0 / 0';
      };
      console.log(
        `| ${libc} | ${suite} | ${cases.run} / ${cases.failed} | ${version} | ${cell('early')} | ${cell('late')} |`,
      );
    }
  }
}

const built = build();
const proofs = (positionals.length > 0 ? positionals : suites).map((suite) => proof(suite, built));
print(proofs);
const failed = proofs.some(
  ({ cases, rows }) => cases.failed > 0 || rows.some((row) => row.failed > 0),
);
process.exitCode = failed ? 1 : 0;
