// What the addons in the tarball ask of a machine, by readelf (binutils), and how large the tarball is. Node itself asks
// for glibc 2.28 and the libstdc++ of GCC 5; an addon that asks for more is not found where Node runs.
//
//   node scripts/check-prebuilds.mjs           what is in prebuilds/, and the tarball
//   node scripts/check-prebuilds.mjs FILE...   these addons
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const prebuilds = join(project, 'prebuilds');

const exported = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const ofLibuv = ['uv_fileno', 'uv_walk'];
const newest = {
  GLIBC: '2.28',
  // What every Node from 20 to 26 asks for, on x86-64 and on arm64.
  GLIBCXX: '3.4.21',
  CXXABI: '1.3.9',
  GCC: '3.4',
};
const libraries =
  /^(lib(c|m|dl|pthread)\.so\.(6|2|0)|libstdc\+\+\.so\.6|libgcc_s\.so\.1|ld-linux-(x86-64|aarch64)\.so\.[12])$/;
const machines = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' };
const tarballLimit = 500_000;

function readelf(file, ...options) {
  return execFileSync('readelf', ['-W', ...options, file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
}

/** Every symbol that is bound to another file's, or that another file's may be bound to. */
function symbols(file) {
  const line =
    /^ *\d+: [0-9a-f]+ +\w+ (\w+) +(LOCAL|GLOBAL|WEAK|UNIQUE) +(\w+) .*?(\w+) (\S+)(?: \(\d+\))?$/;
  return readelf(file, '--dyn-syms')
    .split('\n')
    .map((text) => line.exec(text))
    .filter((match) => match !== null && match[2] !== 'LOCAL')
    .map(([, type, binding, visibility, section, name]) => ({
      type,
      binding,
      visibility,
      defined: section !== 'UND',
      name: name.split('@')[0],
      version: name.split('@').at(-1) === name ? undefined : name.split('@').at(-1),
    }));
}

/** Whether the version a is newer than b. */
function isNewer(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function checkVersion({ name, version }) {
  const [, library, number] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
  if (!(library in newest)) return `${name} is of ${version}, which is not known`;
  if (isNewer(number, newest[library]))
    return `${name} needs ${version}, newer than ${library}_${newest[library]}`;
}

/** A weak one may be missing; Node has those of Node-API, and of libuv; all others tell which version they are. */
function mayHaveNoVersion({ name, binding }) {
  return binding === 'WEAK' || /^(napi|node_api)_/.test(name) || ofLibuv.includes(name);
}

/** @param {string} file @returns {string[]} what is wrong with it */
function problemsOf(file) {
  const problems = [];
  const all = symbols(file);
  const defined = all.filter((symbol) => symbol.defined).map(({ name }) => name);
  for (const name of exported)
    if (!defined.includes(name)) problems.push(`${name} is not exported`);
  for (const name of defined)
    if (!exported.includes(name)) problems.push(`${name} is exported, and nobody is to see it`);
  for (const symbol of all.filter((symbol) => !symbol.defined)) {
    const problem =
      symbol.version !== undefined
        ? checkVersion(symbol)
        : !mayHaveNoVersion(symbol) && `${symbol.name} is of no library that is linked`;
    if (problem) problems.push(problem);
  }

  const dynamic = readelf(file, '-d');
  for (const [, name] of dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g))
    if (!libraries.test(name)) problems.push(`it needs ${name}, which Node does not`);
  for (const [, tag] of dynamic.matchAll(/\((RPATH|RUNPATH|TEXTREL)\)/g))
    problems.push(`it has ${tag}`);
  if (!/\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW/.test(dynamic))
    problems.push('it looks its symbols up late, which takes a lock');
  if (/GNU_STACK .* RWE /.test(readelf(file, '-l'))) problems.push('its stack is executable');
  if (/ \.symtab /.test(readelf(file, '-S'))) problems.push('it is not stripped');

  const arch = basename(dirname(file)).split('-')[1];
  if (arch in machines && !readelf(file, '-h').includes(machines[arch]))
    problems.push(`it is not for ${arch}`);
  return problems;
}

/** Throws unless all is well. @param {string} file */
export function checkAddon(file) {
  const problems = problemsOf(file);
  if (problems.length > 0) throw new Error([`${file}:`, ...problems].join('\n  '));
  console.log(`${file}: ${statSync(file).size} bytes, glibc ${newest.GLIBC} or newer`);
}

export function checkTarball() {
  const [{ size, filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
      cwd: project,
      encoding: 'utf8',
    }),
  );
  if (size > tarballLimit)
    throw new Error(`${filename} is ${size} bytes, more than ${tarballLimit}`);
  console.log(`${filename}: ${size} bytes`);
}

function prebuilt() {
  const files = readdirSync(prebuilds, { recursive: true }).filter((name) =>
    name.endsWith('.node'),
  );
  if (files.length === 0) throw new Error('no addon in prebuilds/; run "npm run prebuilds"');
  return files.map((name) => join(prebuilds, name));
}

function main(given) {
  for (const file of given.length > 0 ? given : prebuilt()) checkAddon(file);
  if (given.length === 0) checkTarball();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
