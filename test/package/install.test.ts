import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { lines } from '../helpers/lines.ts';
import { isAlive } from '../helpers/proc.mjs';
import { type Reaped, reap } from '../helpers/reaper.mjs';
import { until } from '../helpers/until.mjs';
import { environment, fetchManagers, managers, pack, pathFor, project } from './managers.ts';

const run = promisify(execFile);

let directory: string;
let tarball: string;
let programs: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsdaemon-package-'));
  tarball = pack(directory).tarball;
  programs = fetchManagers(join(directory, 'managers'));
  for (const line of lines) pathFor(line, path(line.major));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const path = (major: number) => join(directory, `path-${major}`);

/** What the compiler says of a program; declarations are looked at too. */
async function compiling(program: string): Promise<string> {
  const options = [
    ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'],
    ...['--target', 'es2022', '--module', 'nodenext'],
    ...['--typeRoots', join(project, 'node_modules', '@types')],
  ];
  const compiler = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [compiler, ...options, program], { cwd: dirname(program) }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout: string }) => `${error.message}\n${error.stdout}`,
  );
}

/** The newest Node runs the package managers. */
const newest = lines.at(-1)?.major ?? Number.NaN;

describe.each(managers)('installed by $name', (manager) => {
  let place: string;

  function env(major: number, more: Record<string, string> = {}) {
    return { ...environment(path(major), directory), ...more };
  }

  /** The command line for a Node, or for the command. */
  const node = (...args: string[]) => ['node', ...(manager.nodeArgs ?? []), ...args];
  const command = (...args: string[]) => [
    ...manager.command.map((word) =>
      word.replace('.yarn-4.js', join(programs, 'yarn-4/bin/yarn.js')),
    ),
    ...args,
  ];

  beforeAll(async () => {
    place = join(directory, manager.name.replaceAll(/\W+/g, '-'));
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'user', private: true }));
    // Yarn 4 takes the directory for a part of what is above it otherwise.
    writeFileSync(join(place, 'yarn.lock'), '');
    for (const name of ['server.cjs', 'daemonize.cjs'])
      cpSync(join(project, 'test', 'package', 'fixtures', name), join(place, name));
    const args = [join(programs, manager.program), ...manager.install(tarball)];
    await run(join(path(newest), 'node'), args, { cwd: place, env: env(newest) });
  });

  async function started(reaped: Reaped): Promise<number> {
    const launcher = await reaped.started;
    await until('the end of the launcher', () => reaped.ends.has(launcher));
    const { stderr } = reaped.output;
    expect({ ...reaped.ends.get(launcher), stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    return launcher;
  }

  /** Looks at a daemon from outside, and ends it by the command. */
  async function isDaemonAndEnds(reaped: Reaped, major: number) {
    const launcher = await started(reaped);
    const pid = Number(readFileSync(join(place, 'pid'), 'utf8'));
    expect(pid).not.toBe(launcher);
    expect(await text(connect(join(place, 'socket')))).toBe(String(pid));
    // What is mapped is what the tarball had.
    expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).toContain(
      `/prebuilds/linux-${process.arch}/tsdaemon.glibc.node`,
    );
    const [stop, ...args] = command('stop', '--pid-file', join(place, 'pid'));
    const { stdout } = await run(stop ?? '', args, { cwd: place, env: env(major) });
    expect(stdout).toContain(`has ended, pid ${pid}`);
    expect(isAlive(pid)).toBe(false);
    await reaped.allEnded;
  }

  async function start(major: number, argv: string[], more: Record<string, string> = {}) {
    rmSync(join(place, 'socket'), { force: true });
    const reaped = reap(inject('root'), argv, { cwd: place, env: env(major, more) });
    try {
      await isDaemonAndEnds(reaped, major);
    } finally {
      reaped.kill();
      await reaped.allEnded;
    }
  }

  test('nothing was built', () => {
    const home = join(place, 'node_modules', 'tsdaemon');
    if (manager.nodeArgs === undefined) expect(existsSync(join(home, 'package.json'))).toBe(true);
    expect(existsSync(join(home, 'build'))).toBe(false);
  });

  // Plug'n'Play has no directory that a compiler would find.
  if (manager.nodeArgs === undefined)
    test.each(['mts', 'cts'])('a program in TypeScript has its types: .%s', async (kind) => {
      const program = join(place, `usage.${kind}`);
      cpSync(join(project, 'test', 'types', 'usage.ts'), program);
      expect(await compiling(program)).toBe('');
    });

  describe.each(lines)('on Node $version', ({ major }) => {
    const settings = () => ({ TSDAEMON_PID_FILE: join(place, 'pid'), TSDAEMON_READY: 'listening' });

    test('the preload makes a daemon', () =>
      start(major, node('--require', 'tsdaemon/early', 'server.cjs'), settings()));

    test('daemonize() makes a daemon', () => start(major, node('daemonize.cjs')));

    test('tsdaemon start makes a daemon', () =>
      start(
        major,
        command('start', '--pid-file', join(place, 'pid'), '--ready', 'listening', 'server.cjs'),
      ));
  });
});
