import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import { sleeps } from './helpers/daemons.ts';
import type { LaunchOptions } from './helpers/launch.ts';
import { calls, carriesState, isEarly, starts } from './helpers/lines.ts';
import { isAlive, stat } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { fromShell, ShellLaunch } from './helpers/shell.ts';
import { test } from './helpers/test.ts';

interface Up {
  pid: number;
  times: number;
}

/** A main module: a file of fixtures/main under another name, in a package of its own, behind a link. */
interface Guise {
  title: string;
  source: string;
  name: string;
  link?: boolean;
  scoped?: boolean;
  /** What is typed after "node", if it is not the name. */
  typed?: string;
  /** The first Node that can run it. */
  since?: number;
}

const guises: Guise[] = [
  { title: 'a CommonJS module', source: 'commonjs.cjs', name: 'app.cjs' },
  { title: 'a CommonJS module without an extension', source: 'commonjs.cjs', name: 'app' },
  { title: 'a CommonJS module with an unknown extension', source: 'commonjs.cjs', name: 'app-1.2' },
  {
    title: 'a CommonJS module by its name alone',
    source: 'commonjs.cjs',
    name: 'app.js',
    typed: 'app',
  },
  { title: 'a directory', source: 'commonjs.cjs', name: 'index.js', typed: '.' },
  { title: 'a link to a CommonJS module', source: 'commonjs.cjs', name: 'app', link: true },
  {
    title: 'a CommonJS module that changes its arguments',
    source: 'arguments.cjs',
    name: 'app.cjs',
  },
  { title: 'a CommonJS module that leaves the cache', source: 'uncached.cjs', name: 'app.cjs' },
  { title: 'an ES module', source: 'module.mjs', name: 'app.mjs' },
  { title: 'an ES module that is found out', source: 'module.mjs', name: 'app.js' },
  { title: 'an ES module by its package', source: 'module.mjs', name: 'app.js', scoped: true },
  {
    title: 'an ES module without an extension',
    source: 'module.mjs',
    name: 'app',
    scoped: true,
    since: 22,
  },
  {
    title: 'an ES module with a name to be escaped',
    source: 'module.mjs',
    name: 'an app #1?%41.mjs',
  },
  { title: 'a link to an ES module', source: 'module.mjs', name: 'app', link: true },
  {
    title: 'a CommonJS module in TypeScript',
    source: 'typescript.cts',
    name: 'app.cts',
    since: 22,
  },
  { title: 'an ES module in TypeScript', source: 'typescript.mts', name: 'app.mts', since: 22 },
  {
    title: 'an ES module in TypeScript that is found out',
    source: 'typescript.mts',
    name: 'app.ts',
    since: 22,
  },
  {
    title: 'a link to an ES module in TypeScript',
    source: 'typescript.mts',
    name: 'app',
    link: true,
    since: 22,
  },
];

/** Puts it into the scene, and tells what is typed after "node". */
function disguise(scene: Scene, { source, name, link, scoped, typed }: Guise): string {
  const fixtures = join(scene.root, 'fixtures');
  const main = scene.path('main');
  mkdirSync(main);
  symlinkSync(join(fixtures, 'lib'), scene.path('lib'));
  const path = join(main, name);
  if (link) symlinkSync(join(fixtures, 'main', source), path);
  else copyFileSync(join(fixtures, 'main', source), path);
  if (scoped) writeFileSync(join(main, 'package.json'), '{ "type": "module" }');
  return relative(scene.root, join(main, typed ?? name));
}

const go = (scene: Scene) => writeFileSync(scene.path('go'), '');

/** The status tells besides whether the report was there when the launcher ended. */
const whenLoaded = '"$@" && test -e "$TEST_DIR/loaded.json"';

/** A launcher that waits for its daemon, and is stopped as the keyboard does it. */
async function stoppedByCtrlZ(scene: Scene, start: LaunchOptions) {
  const shell = new ShellLaunch(scene, start, whenLoaded);
  await scene.report<Up>('up');
  const launcher = await shell.launcher();
  await sleeps(scene, launcher);
  process.kill(launcher, 'SIGTSTP');
  await scene.until('the stop of the launcher', () => stat(launcher)?.state === 'T');
  return { shell, launcher };
}

for (const { line, entry, name } of starts) {
  describe.concurrent(`${name}, with ready: loaded`, () => {
    const daemon = { ready: 'loaded' };

    for (const guise of guises.filter(({ since = 0 }) => line.major >= since)) {
      test(`the launcher waits for ${guise.title}, which runs once`, async ({ scene }) => {
        const start = { line, entry, args: [disguise(scene, guise)], daemon };
        const shell = new ShellLaunch(scene, start, whenLoaded);
        const { pid } = await scene.report<Up>('up');
        await sleeps(scene, await shell.launcher());
        go(scene);
        expect(await shell.seen()).toMatchObject({ status: 0, stdout: '' });
        process.kill(pid, 'SIGUSR2');
        expect(await scene.report<Up>('again')).toEqual({ pid, times: 1 });
      });
    }

    // No import() obeys --preserve-symlinks-main: the end of such a module is not known.
    test('the launcher does not wait for an ES module by a link that stays one, which runs once', async ({
      scene,
    }) => {
      const guise = { title: '', source: 'module.mjs', name: 'app.mjs', link: true };
      const nodeArgs = ['--preserve-symlinks-main'];
      const start = { line, entry, nodeArgs, args: [disguise(scene, guise)], daemon };
      expect(await fromShell(scene, start)).toEqual({ status: 0, stdout: '', stderr: '' });
      const { pid } = await scene.report<Up>('up');
      process.kill(pid, 'SIGUSR2');
      expect(await scene.report<Up>('again')).toEqual({ pid, times: 1 });
    });

    test('the launcher may be stopped by Ctrl-Z, and continued', async ({ scene }) => {
      const start: LaunchOptions = { line, entry, program: 'main/module.mjs', daemon };
      const { shell, launcher } = await stoppedByCtrlZ(scene, start);
      process.kill(launcher, 'SIGCONT');
      go(scene);
      expect(await shell.seen()).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    test('the launcher that was stopped for longer than the timeout learns that the daemon is ready', async ({
      scene,
    }) => {
      const readyTimeout = 3000;
      const start: LaunchOptions = {
        ...{ line, entry, program: 'main/module.mjs' },
        daemon: { ...daemon, readyTimeout },
      };
      const begun = Date.now();
      const { shell, launcher } = await stoppedByCtrlZ(scene, start);
      go(scene);
      await scene.until('the timeout to be over', () => Date.now() > begun + 2 * readyTimeout);
      process.kill(launcher, 'SIGCONT');
      expect(await shell.seen()).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    for (const { program, title } of [
      { program: 'throws.cjs', title: 'a CommonJS module throws' },
      { program: 'rejects.mjs', title: 'a top-level await is rejected' },
      { program: 'floating.cjs', title: 'a promise of a CommonJS module is rejected' },
      { program: 'floating.mjs', title: 'a promise of an ES module is rejected' },
    ]) {
      test(`the status is 1 when ${title}, whose stack is shown`, async ({ scene }) => {
        const seen = await fromShell(scene, { line, entry, program: `main/${program}`, daemon });
        expect(seen.status).toBe(1);
        expect(seen.stderr).toMatch(/Error: nobody catches this\n {4}at .*fixtures\/main\//);
        expect(seen.stderr).toMatch(/\ntsdaemon: ERR_DAEMON_EXITED: .+\n$/);
        await scene.nothingLeft();
      });
    }

    test("the status is Node's 13 when a top-level await is never settled", async ({ scene }) => {
      const seen = await fromShell(scene, { line, entry, program: 'main/unsettled.mjs', daemon });
      expect(seen).toMatchObject({ status: 13, stdout: '' });
      expect(seen.stderr).toMatch(/^tsdaemon: ERR_DAEMON_EXITED: .+\n$/m);
    });

    test('the status is 124 when a top-level await takes too long', async ({ scene }) => {
      const slow = { ...daemon, readyTimeout: 1000 };
      const seen = await fromShell(scene, {
        line,
        entry,
        program: 'main/pending.mjs',
        daemon: slow,
      });
      expect(seen.status).toBe(124);
      await scene.nothingLeft();
    });
  });

  describe.concurrent(`${name}, with ready: detached`, () => {
    test('the launcher does not wait for the main module', async ({ scene }) => {
      const daemon = { ready: 'detached' };
      const shell = new ShellLaunch(scene, { line, entry, program: 'main/commonjs.cjs', daemon });
      expect(await shell.seen()).toEqual({ status: 0, stdout: '', stderr: '' });
      const { pid } = await scene.report<Up>('up');
      expect(existsSync(scene.path('loaded.json'))).toBe(false);
      expect(isAlive(pid)).toBe(true);
    });
  });

  describe.concurrent(`${name}, with ready: listening`, () => {
    const start = (...args: string[]): LaunchOptions => ({
      line,
      entry,
      program: 'listening.cjs',
      args,
      daemon: { ready: 'listening' },
    });
    const answer = async (address: NetConnectOpts) => {
      const client = connect(address);
      client.end('GET / HTTP/1.0\r\n\r\n');
      return await text(client);
    };
    const target = (address: string | { port: number }): NetConnectOpts =>
      typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };

    for (const kind of ['http', 'tcp', 'unix']) {
      test(`the launcher waits for the server to listen: ${kind}`, async ({ scene }) => {
        const shell = new ShellLaunch(scene, start('after', kind), whenLoaded);
        const { pid } = await scene.report<Up>('up');
        await sleeps(scene, await shell.launcher());
        go(scene);
        expect(await shell.seen()).toEqual({ status: 0, stdout: '', stderr: '' });
        const { address } = await scene.report<{ address: string | { port: number } }>('listening');
        expect(await answer(target(address))).toMatch(new RegExp(`${pid}$`));
      });
    }

    test('a server that cannot listen is a failure', async ({ scene }) => {
      const other = createServer().listen(scene.path('in-use'));
      await once(other, 'listening');
      const shell = new ShellLaunch(scene, start('after', 'refused'));
      await scene.report<Up>('up');
      go(scene);
      const seen = await shell.seen();
      expect(seen.status).toBe(1);
      expect(seen.stderr).toMatch(/EADDRINUSE[\s\S]+\ntsdaemon: ERR_DAEMON_EXITED: .+\n$/);
      other.close();
    });

    if (!isEarly(entry) && carriesState(entry))
      for (const kind of ['http', 'unix']) {
        test(`a server that listens since before the call is enough: ${kind}`, async ({
          scene,
        }) => {
          expect(await fromShell(scene, start('before', kind))).toEqual({
            status: 0,
            stdout: '',
            stderr: '',
          });
          const { pid } = await scene.report<Up>('up');
          const { address } = await scene.report<{ address: string | { port: number } }>(
            'listening',
          );
          expect(await answer(target(address))).toMatch(new RegExp(`${pid}$`));
        });
      }
  });

  describe.concurrent(`${name}, without a word`, () => {
    test('the end of the pipe is a failure, and ends a daemon that goes on', async ({ scene }) => {
      const daemon = { ready: 'listening', log: scene.path('log') };
      const seen = await fromShell(scene, { line, entry, program: 'mute.cjs', daemon });
      expect(seen).toMatchObject({ status: 1, stdout: '' });
      expect(seen.stderr).toMatch(/^tsdaemon: ERR_DAEMON_LOST: the daemon \d+ .+\n$/);
      await scene.report('term');
      await scene.nothingLeft();
    });
  });
}

for (const { line, entry, name } of calls) {
  describe.concurrent(`ready: loaded ${name}, in a preload of the program's own`, () => {
    for (const program of ['main/is-main.cjs', 'main/module.mjs']) {
      test(`the launcher waits for ${program}, which stays the main module`, async ({ scene }) => {
        const nodeArgs = ['--require', './fixtures/preload.cjs'];
        // The program finds that it is a daemon already, as by early.
        const start = { line, nodeArgs, program, env: { TEST_ENTRY: 'early' } };
        const shell = new ShellLaunch(scene, start, whenLoaded);
        const { pid } = await scene.report<Up>('up');
        await sleeps(scene, await shell.launcher());
        go(scene);
        expect(await shell.seen()).toEqual({ status: 0, stdout: '', stderr: '' });
        process.kill(pid, 'SIGUSR2');
        expect(await scene.report<Up>('again')).toEqual({ pid, times: 1 });
        if (program === 'main/is-main.cjs')
          expect(await scene.report('main')).toEqual({ isMain: true });
      });
    }
  });

  describe.concurrent(`ready: loaded ${name}, without a main module`, () => {
    const script = "require('./fixtures/lib/main.cjs').begin()";
    for (const { title, args, shellLine } of [
      { title: '-e', args: ['-e', script], shellLine: '"$@"' },
      ...(carriesState(entry)
        ? [{ title: 'stdin', args: [], shellLine: `echo "${script}" | "$@"` }]
        : []),
    ]) {
      test(`the launcher waits for the script: ${title}`, async ({ scene }) => {
        const start: LaunchOptions = {
          line,
          entry,
          args,
          daemon: { ready: 'loaded' },
        };
        expect(await fromShell(scene, start, shellLine)).toEqual({
          status: 0,
          stdout: '',
          stderr: '',
        });
        const { pid } = await scene.report<Up>('up');
        expect(isAlive(pid)).toBe(true);
      });
    }
  });
}

describe.concurrent('the time that the launcher waits', () => {
  for (const { line, entry, name } of calls) {
    const extending = (
      extension: number,
      duration: number,
      readyTimeout: number,
    ): LaunchOptions => ({
      line,
      entry,
      program: 'extending.cjs',
      args: [`${extension}`, `${duration}`],
      daemon: { ready: 'manual', readyTimeout },
    });

    test(`can be extended ${name}`, async ({ scene }) => {
      const seen = await fromShell(scene, extending(60_000, 2500, 2000));
      expect(seen).toEqual({ status: 0, stdout: '', stderr: '' });
      const { refused } = await scene.report<{ refused: string[][] }>('up');
      const says = 'to be a whole number of milliseconds from 0 (for ever) to 2147483647, got ';
      expect(refused).toEqual(
        ['-1', '0.5', 'NaN', '2147483648', "'1'", 'undefined'].map((got) => [
          ...['TypeError', 'ERR_DAEMON_OPTION'],
          `Expected the time of extendStartTimeout() ${says}${got}`,
        ]),
      );
    });

    test(`can be extended for ever ${name}`, async ({ scene }) => {
      expect(await fromShell(scene, extending(0, 2500, 2000))).toMatchObject({ status: 0 });
    });

    test(`can be cut short ${name}`, async ({ scene }) => {
      const seen = await fromShell(scene, extending(500, 100_000, 0));
      expect(seen).toMatchObject({ status: 124, stdout: '' });
      await scene.nothingLeft();
    });
  }
});
