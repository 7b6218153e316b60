import { constants, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { carriesState, isEarly, lines, starts } from './helpers/lines.ts';
import { descriptors, openFlags } from './helpers/proc.mjs';
import { Terminal } from './helpers/pty.ts';
import { test } from './helpers/test.ts';

interface Console {
  pid: number;
  descriptors: Record<string, string>;
  isTTY: boolean[];
  isatty: boolean[];
}

interface Stdin {
  pid: number;
  events: string[];
  isTTY: boolean;
}

const uses = [
  { use: 'reading', seen: ['data go', 'end', 'close'] },
  { use: 'readline', seen: ['line go', 'close'] },
];

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_NONBLOCK } = constants;

/** Of how a descriptor was opened, what is told: O_ACCMODE, which Node does not name, and what changes writing. */
const told = O_WRONLY | O_RDWR | O_APPEND | O_NONBLOCK;

const openings = [
  {
    title: '/dev/null is there for stdin to be read, for stdout and stderr to be written',
    daemon: {},
    leads: ['/dev/null', '/dev/null', '/dev/null'],
    opened: [O_RDONLY, O_RDWR, O_RDWR],
  },
  {
    title: 'a file for stdin is there to be read, a log to be appended to',
    daemon: { stdin: 'in', log: 'log' },
    leads: ['in', 'log', 'log'],
    opened: [O_RDONLY, O_WRONLY | O_APPEND, O_WRONLY | O_APPEND],
  },
];

const piped = ['data from a pipe', 'end', 'close'];

const everywhere = [false, false, false];
const after = [
  'error after',
  'kept stream after',
  'log after',
  'worker of after after',
  'worker of before after',
];
const before = ['error before', 'log before'];

const sorted = (text: string) => text.trim().split('\n').sort();

for (const { line, entry, name } of starts) {
  describe(name, () => {
    // What is written before the call goes where the launcher writes; the preload leaves nothing to be written before it.
    const atLauncher = isEarly(entry) ? [] : before;
    const atDaemon = [...(isEarly(entry) || !carriesState(entry) ? before : []), ...after].sort();

    test('the console writes to the terminal before and to the log after, and no descriptor leads back', async ({
      scene,
    }) => {
      const terminal = new Terminal(scene, 'tty; "$@"; echo "status $?"; exec cat', {
        line,
        entry,
        program: 'console.cjs',
        daemon: { log: scene.path('log'), ready: 'detached' },
      });
      const device = await terminal.shows(/(\/dev\/pts\/\d+)/);
      await terminal.shows(/status 0/);
      const { pid, descriptors, isTTY, isatty } = await scene.report<Console>('console');
      await scene.until(
        'the log to be written',
        () => sorted(scene.read('log')).length >= atDaemon.length,
      );

      expect(sorted(scene.read('log'))).toEqual(atDaemon);
      const own = isEarly(entry) ? [] : ['own stream before'];
      const shown = terminal.shown.replaceAll('\r', '').split('\n');
      expect(shown.filter((text) => /before|after/.test(text)).sort()).toEqual([
        ...atLauncher,
        ...own,
      ]);
      expect({ isTTY, isatty }).toEqual({ isTTY: everywhere, isatty: everywhere });
      const back = Object.entries(descriptors).filter(
        ([, target]) => target === device || target === '/dev/tty',
      );
      expect(back).toEqual([]);
      expect(scene.processes().some((process) => process.pid === pid)).toBe(true);
    });

    test('stdout and stderr may stay where the launcher had them', async ({ scene }) => {
      const daemon = { stdout: 'inherit', stderr: 'inherit', ready: 'detached' };
      const launch = scene.launch({ line, entry, program: 'console.cjs', daemon });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      const expected = [...atLauncher, ...atDaemon].sort();
      await scene.until(
        'all to be written',
        () => sorted(launch.stdout + launch.stderr).length >= expected.length,
      );
      expect(sorted(launch.stdout + launch.stderr)).toEqual(expected);
    });

    test('stdout may be a descriptor and stderr a path, and both go before the log', async ({
      scene,
    }) => {
      const launch = scene.launch({
        line,
        entry,
        program: 'console.cjs',
        daemon: { log: scene.path('log'), stdout: 5, stderr: scene.path('err'), ready: 'detached' },
        through: ['sh', '-c', 'exec "$@" 5>>"$TEST_DIR/out"', 'sh'],
      });
      const { code, stderr } = await launch.finished();
      expect(code).toBe(0);
      if (carriesState(entry)) expect(stderr).toBe(isEarly(entry) ? '' : 'error before\n');
      // The errors of a fresh runtime are shown until it is up, or a moment longer.
      else expect(stderr).toMatch(/^(error (before|after)\n)*$/);
      const expected = atDaemon.filter((text) => !text.startsWith('error'));
      await scene.until(
        'stdout to be written',
        () => sorted(scene.read('out')).length >= expected.length,
      );
      expect(sorted(scene.read('out'))).toEqual(expected);
      expect(sorted(scene.read('err'))).toEqual(
        atDaemon.filter((text) => text.startsWith('error')),
      );
    });

    test('the log is appended to, and made for its owner and group alone', async ({ scene }) => {
      mkdirSync(scene.path('logs'));
      writeFileSync(scene.path('log'), 'kept\n');
      for (const log of [scene.path('log'), scene.path('logs/new')]) {
        const launch = scene.launch({
          line,
          entry,
          program: 'console.cjs',
          daemon: { log, umask: 0o022 },
        });
        expect((await launch.finished()).code).toBe(0);
      }
      await scene.until('the log to be written', () => scene.read('log').includes('log after'));
      expect(scene.read('log')).toMatch(/^kept\n/);
      expect(statSync(scene.path('logs/new')).mode & 0o777).toBe(0o640);
    });

    for (const { title, daemon, leads, opened } of openings)
      test(title, async ({ scene }) => {
        writeFileSync(scene.path('in'), '');
        const given = Object.entries(daemon).map(([name, file]) => [name, scene.path(file)]);
        const launch = scene.launch({
          ...{ line, entry, program: 'self.cjs' },
          daemon: Object.fromEntries(given),
        });
        expect((await launch.finished()).code).toBe(0);
        const { pid } = await scene.report<{ pid: number }>('self');
        const open = descriptors(pid);
        expect([0, 1, 2].map((fd) => open[fd]?.replace(`${scene.dir}/`, ''))).toEqual(leads);
        const flags = [0, 1, 2].map((fd) => Number(openFlags(pid, fd)) & told);
        expect(flags).toEqual(opened);
      });

    test('stdin that was not touched is at its end', async ({ scene }) => {
      const launch = scene.launch({ line, entry, program: 'stdin.cjs', args: ['untouched'] });
      expect((await launch.finished()).code).toBe(0);
      const { pid, events, isTTY } = await scene.report<Stdin>('stdin');
      expect({ events, isTTY }).toEqual({ events: ['end'], isTTY: false });
      expect(await launch.endOf(pid)).toEqual({ code: 6, signal: null });
    });

    test('stdin may be a file', async ({ scene }) => {
      writeFileSync(scene.path('in'), 'from a file\n');
      const daemon = { stdin: scene.path('in') };
      const launch = scene.launch({
        line,
        entry,
        program: 'stdin.cjs',
        args: ['untouched'],
        daemon,
      });
      expect((await launch.finished()).code).toBe(0);
      expect((await scene.report<Stdin>('stdin')).events).toEqual(['data from a file', 'end']);
    });

    test('stdin may be a pipe, from which is read what is written when the daemon waits for it', async ({
      scene,
    }) => {
      const launch = scene.launch({
        line,
        entry,
        program: 'stdin.cjs',
        args: ['untouched'],
        daemon: { stdin: 5, ready: 'detached' },
        through: ['sh', '-c', 'exec "$@" 5<&0 </dev/null', 'sh'],
      });
      await scene.report('up');
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      launch.stdin.end('from a pipe\n');
      expect((await scene.report<Stdin>('stdin')).events).toEqual(piped);
    });
  });
}

for (const line of lines) {
  describe(`stdin in use on Node ${line.major}`, () => {
    test('may be another pipe afterwards, from which is read what is written there', async ({
      scene,
    }) => {
      const launch = scene.launch({
        line,
        entry: 'daemonize',
        program: 'stdin.cjs',
        args: ['again'],
        daemon: { stdin: 5 },
        through: ['sh', '-c', '{ echo go | { exec 5<&3 3<&-; exec "$@"; }; } 3<&0', 'sh'],
      });
      await scene.report('up');
      launch.stdin.end('from a pipe\n');
      expect((await scene.report<Stdin>('stdin')).events).toEqual(piped);
    });

    for (const { use, seen } of uses) {
      const options: LaunchOptions = {
        line,
        entry: 'daemonize',
        program: 'stdin.cjs',
        args: [use],
      };

      test(`by ${use}, a pipe, ends cleanly and does not keep the daemon alive`, async ({
        scene,
      }) => {
        const launch = scene.launch(options);
        await launch.started;
        launch.stdin.write('go\n');
        expect((await launch.finished()).code).toBe(0);
        const { pid, events } = await scene.report<Stdin>('stdin');
        expect(events).toEqual(seen);
        expect(await launch.endOf(pid)).toEqual({ code: 6, signal: null });
      });

      test(`by ${use}, a terminal, ends cleanly and what is typed next goes to the shell`, async ({
        scene,
      }) => {
        const terminal = new Terminal(
          scene,
          '"$@"; echo "status $?"; read line; echo "read $line"',
          options,
        );
        terminal.type('go\n');
        await terminal.shows(/status 0/);
        expect((await scene.report<Stdin>('stdin')).events).toEqual(seen);
        terminal.type('next\n');
        expect(await terminal.shows(/read (\w+)/)).toBe('next');
      });
    }
  });
}
