// Feeds the parsers of /proc and of pid files with libFuzzer's inputs, and the options, the environment and whole starts
// with fast-check's:
//
//   npm run fuzz -- [--seconds N] [--only NAME,...]
//
// --seconds  for each target (default 60)
// --only     some of mappings, task, pid_file, proc_field, options, environment, start
//
// Installs clang with its run time from Debian if there is none.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installTools } from './debian-tools.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, only: { type: 'string' } },
});
const seconds = Number(values.seconds);
if (!Number.isInteger(seconds) || seconds < 1)
  throw new Error(`--seconds is to be a positive number, not ${values.seconds}`);

installTools({ 'clang++': 'clang libclang-rt-14-dev' });

const repository = fileURLToPath(new URL('..', import.meta.url));
const own = (/** @type {string} */ id) => [
  `/proc/self/${id}`,
  `/proc/self/task/${process.pid}/${id}`,
];

/** What a target is linked with, and begins with. @type {Record<string, {sources: string[], seeds: string[]}>} */
const parsers = {
  mappings: { sources: ['forkall/area.cc'], seeds: ['/proc/self/maps', '/proc/self/smaps'] },
  task: { sources: ['forkall/task_text.cc'], seeds: [...own('stat'), ...own('status')] },
  pid_file: { sources: ['pid_text.cc'], seeds: [] },
  proc_field: { sources: ['proc_field.cc'], seeds: [...own('status'), '/proc/self/fdinfo/0'] },
};
const properties = ['options', 'environment', 'start'];

const only = values.only?.split(',') ?? [...Object.keys(parsers), ...properties];
const unknown = only.filter((name) => !Object.hasOwn(parsers, name) && !properties.includes(name));
if (unknown.length > 0) throw new Error(`--only knows no ${unknown.join(', ')}`);

const directory = mkdtempSync(join(tmpdir(), 'tsdaemon-fuzz-'));
const failed = only.filter((name) => !(Object.hasOwn(parsers, name) ? fuzz(name) : check(name)));
console.log(failed.length === 0 ? 'nothing found' : `found something: ${failed.join(', ')}`);
if (failed.length === 0) rmSync(directory, { recursive: true });
else console.log(`the inputs are in ${directory}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status === 0;
}

/** @param {string} name */
function fuzz(name) {
  const place = join(directory, name);
  const corpus = join(place, 'corpus');
  mkdirSync(corpus, { recursive: true });
  const { sources = [], seeds = [] } = parsers[name] ?? {};
  for (const [i, seed] of seeds.entries())
    writeFileSync(
      join(corpus, `seed-${i}`),
      Buffer.concat([Buffer.from([i, 0]), readFileSync(seed)]),
    );
  writeFileSync(join(corpus, 'pid'), '1234\n');

  const files = [`test/fuzz/${name}.cc`, ...sources.map((file) => `native/core/${file}`)];
  const program = join(place, 'fuzz');
  const flags = [
    '-g',
    '-O1',
    '-std=c++20',
    '-fsanitize=fuzzer,address,undefined',
    '-Inative',
    '-Itest/fuzz',
  ];
  const built = run(
    'clang++',
    [...flags, '-fno-sanitize-recover=all', ...files, '-o', program],
    repository,
  );
  return (
    built &&
    run(
      program,
      [`-max_total_time=${seconds}`, '-max_len=49152', '-print_final_stats=1', corpus],
      place,
    )
  );
}

/** @param {string} name */
function check(name) {
  return run(
    process.execPath,
    [join(repository, `test/fuzz/${name}.mjs`), String(seconds)],
    directory,
  );
}
