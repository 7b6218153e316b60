import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { nodesOf } from './helpers/daemons.ts';
import type { DaemonOptions, LaunchOptions } from './helpers/launch.ts';
import { carriesState, type Entry, isEarly, starts } from './helpers/lines.ts';
import { descriptors, isAlive } from './helpers/proc.mjs';
import { Terminal } from './helpers/pty.ts';
import type { Scene } from './helpers/scene.ts';
import { fromShell, ShellLaunch } from './helpers/shell.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

interface Up {
  pid: number;
}

const refusals: {
  title: string;
  code: string;
  status: number;
  daemon(scene: Scene): DaemonOptions;
}[] = [
  {
    title: '1 when the directory is missing',
    code: 'ERR_DAEMON_CHDIR',
    status: 1,
    daemon: (scene) => ({ cwd: scene.path('missing') }),
  },
  {
    title: '1 when the log is a directory',
    code: 'ERR_DAEMON_LOG',
    status: 1,
    daemon: (scene) => ({ log: scene.dir }),
  },
  {
    title: '1 when the pid file is a directory',
    code: 'ERR_DAEMON_PID_FILE',
    status: 1,
    daemon: (scene) => ({ pidFile: scene.dir }),
  },
  {
    title: '2 when an option has a wrong value',
    code: 'ERR_DAEMON_OPTION',
    status: 2,
    daemon: () => ({ ready: 'soon' }),
  },
  {
    title: '2 when there is no such option',
    code: 'ERR_DAEMON_OPTION',
    status: 2,
    daemon: () => ({ pidfile: 'pid' }) as DaemonOptions,
  },
];

const forbidden: { title: string; code: string; daemon(closed: string): DaemonOptions }[] = [
  {
    title: 'the pid file',
    code: 'ERR_DAEMON_PID_FILE',
    daemon: (closed) => ({ pidFile: `${closed}/pid` }),
  },
  { title: 'the log', code: 'ERR_DAEMON_LOG', daemon: (closed) => ({ log: `${closed}/log` }) },
  { title: 'the directory', code: 'ERR_DAEMON_CHDIR', daemon: (closed) => ({ cwd: closed }) },
];

const deaths = [
  { way: 'exit-7', title: '7 when it exits with 7', code: 'ERR_DAEMON_EXITED', status: 7 },
  { way: 'exit-0', title: '1 when it exits with 0', code: 'ERR_DAEMON_EXITED', status: 1 },
  { way: 'natural', title: '1 when nothing is left to do', code: 'ERR_DAEMON_EXITED', status: 1 },
  { way: 'throw', title: '1 when it throws', code: 'ERR_DAEMON_EXITED', status: 1 },
  { way: 'reject', title: '1 when a promise is rejected', code: 'ERR_DAEMON_EXITED', status: 1 },
  { way: 'kill', title: '137 when it is killed', code: 'ERR_DAEMON_KILLED', status: 137 },
  { way: 'abort', title: '134 when it aborts', code: 'ERR_DAEMON_KILLED', status: 134 },
];

const interrupts = [
  { signal: 'SIGINT', status: 130 },
  { signal: 'SIGTERM', status: 143 },
  { signal: 'SIGHUP', status: 129 },
] as const;

/** How an error that nobody catches looks: one line by early, Node's own report by the call. */
const refusal = (entry: Entry, code: string) =>
  isEarly(entry)
    ? new RegExp(`^tsdaemon: ${code}: [^\n]+\n$`)
    : new RegExp(
        `^${code === 'ERR_DAEMON_OPTION' ? 'OptionError|TypeError' : 'DaemonError'}.*: `,
        'm',
      );

for (const { line, entry, name } of starts) {
  describe.concurrent(`the status in the shell ${name}`, () => {
    const start = (way: string, daemon: DaemonOptions): LaunchOptions => ({
      line,
      entry,
      program: 'coming-up.cjs',
      args: [way],
      daemon: { ready: 'listening', ...daemon },
    });

    test('is 0 when the daemon is ready, whose errors were shown until then', async ({ scene }) => {
      writeFileSync(scene.path('log'), 'old\n');
      const seen = await fromShell(scene, start('listen', { log: scene.path('log') }));
      expect(seen).toEqual({ status: 0, stdout: '', stderr: 'on the way up\n' });
      expect(scene.read('log')).toBe('old\nto stdout\non the way up\n');
      const { pid } = await scene.report<Up>('up');
      expect(isAlive(pid)).toBe(true);
    });

    for (const own of [true, false]) {
      const where = own ? 'to a file of their own' : 'nowhere';
      test(`is 0 with all the errors shown, which lead ${where}`, async ({ scene }) => {
        const stderr = own ? scene.path('err') : '/dev/null';
        const seen = await fromShell(scene, start('loud', own ? { stderr } : {}));
        expect(seen).toMatchObject({ status: 0, stdout: '' });
        const [first, ...shown] = seen.stderr.split('\n').slice(0, -1);
        expect(first).toBe('on the way up');
        const numbers = shown.map((text) => Number(/^line (\d+) x{60}$/.exec(text)?.[1]));
        expect(numbers).toEqual(Array.from({ length: 5000 }, (_, at) => at));
        if (own) expect(scene.read('err')).toBe(seen.stderr);
        const { pid } = await scene.report<Up>('up');
        expect(descriptors(pid)).toMatchObject({ 1: '/dev/null', 2: stderr });
      });
    }

    test('is 0 when nobody reads what is shown', async ({ scene }) => {
      const line = '{ "$@"; echo "$?" >"$TEST_DIR/seen"; } 2>&1 | true';
      expect(await fromShell(scene, start('loud', {}), line)).toMatchObject({ status: 0 });
      expect(scene.read('seen')).toBe('0\n');
      expect(isAlive((await scene.report<Up>('up')).pid)).toBe(true);
    });

    for (const { title, code, status, daemon } of refusals) {
      test(`is ${title}, and no line of the daemon runs`, async ({ scene }) => {
        const seen = await fromShell(scene, start('listen', daemon(scene)));
        expect(seen).toMatchObject({ status, stdout: '' });
        expect(seen.stderr).toMatch(refusal(entry, code));
        expect(seen.stderr).toContain(code);
        await scene.nothingLeft();
        expect(existsSync(scene.path('up.json'))).toBe(false);
      });
    }

    test('is 3 when it runs already, of which the pid is said', async ({ scene }) => {
      const pidFile = scene.path('pid');
      expect(await fromShell(scene, start('listen', { pidFile }))).toMatchObject({ status: 0 });
      const { pid } = await scene.report<Up>('up');

      const second = await fromShell(scene, start('exit-7', { pidFile }));
      expect(second).toMatchObject({ status: 3, stdout: '' });
      expect(second.stderr).toMatch(refusal(entry, 'ERR_DAEMON_RUNNING'));
      expect(second.stderr).toContain(`${pidFile} is locked by the process ${pid},`);
      expect(scene.read('pid')).toBe(`${pid}\n`);
      expect(nodesOf(scene)).toEqual([pid]);
    });

    test('is 0 when it runs already and may, and nothing is said', async ({ scene }) => {
      const daemon = { pidFile: scene.path('pid'), ifRunning: 'ok' };
      expect(await fromShell(scene, start('listen', daemon))).toMatchObject({ status: 0 });
      const { pid } = await scene.report<Up>('up');
      expect(await fromShell(scene, start('exit-7', daemon))).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect(scene.read('pid')).toBe(`${pid}\n`);
      expect(nodesOf(scene)).toEqual([pid]);
    });

    for (const { title, code, daemon } of forbidden) {
      test(`is 4 when an ordinary user may not use ${title}`, async ({ scene }) => {
        mkdirSync(scene.path('closed'), { mode: 0o500 });
        const options = start('listen', daemon(scene.path('closed')));
        const seen = await fromShell(scene, {
          ...options,
          line: openToAll(scene, line),
          through: asOrdinaryUser,
        });
        expect(seen).toMatchObject({ status: 4, stdout: '' });
        expect(seen.stderr).toMatch(refusal(entry, code));
        expect(seen.stderr).toContain('(EACCES)');
        await scene.nothingLeft();
        expect(readdirSync(scene.path('closed'))).toEqual([]);
      });
    }

    for (const { way, title, code, status } of deaths) {
      test(`is ${title} before it is ready, and its errors and its log are shown`, async ({
        scene,
      }) => {
        const daemon = { log: scene.path('log'), pidFile: scene.path('pid') };
        const seen = await fromShell(scene, start(way, daemon));
        expect(seen).toMatchObject({ status, stdout: '' });
        const [last] = seen.stderr.split('\n').slice(-2);
        expect(last).toMatch(
          new RegExp(`^tsdaemon: ${code}: the daemon \\d+ .+; see ${daemon.log}$`),
        );
        const log = scene.read('log');
        expect(log).toMatch(/^to stdout\non the way up\n/);
        expect(seen.stderr).toBe(`${log.replace('to stdout\n', '')}${last}\n`);
        expect(
          seen.stderr.includes(
            '\ntsdaemon: the daemon ends by itself: it has nothing left to do\n',
          ),
        ).toBe(way === 'natural');
        if (/throw|reject/.test(way)) expect(seen.stderr).toContain('Error: nobody catches this\n');
        await scene.nothingLeft();
        expect(readdirSync(scene.dir)).not.toContain('pid');
      });
    }

    if (!carriesState(entry)) {
      test('is that of a daemon that has ended before its launcher looks', async ({ scene }) => {
        const late = ['-e', 'trace=ppoll', '-e', 'inject=ppoll:delay_exit=1000000'];
        const seen = await fromShell(scene, {
          ...start('exit-7', {}),
          through: ['strace', '-qq', '-o', '/dev/null', ...late],
        });
        expect(seen).toMatchObject({ status: 7, stdout: '' });
        expect(seen.stderr).toContain('ERR_DAEMON_EXITED');
      });
    }

    test('is that of a daemon without a log, whose errors are shown as well', async ({ scene }) => {
      const seen = await fromShell(scene, start('throw', {}));
      expect(seen).toMatchObject({ status: 1, stdout: '' });
      expect(seen.stderr).toMatch(
        /^on the way up\n[\s\S]+Error: nobody catches this\n[\s\S]+`log`[^\n]+\n$/,
      );
    });

    for (const { way, how } of [
      { way: 'wait', how: 'is ended' },
      { way: 'ignore-term', how: 'is killed 5 s after it did not heed SIGTERM' },
    ]) {
      test(`is 124 when it is not ready in time, and it ${how}`, async ({ scene }) => {
        const daemon = { readyTimeout: 2000, pidFile: scene.path('pid') };
        const begun = Date.now();
        const seen = await fromShell(scene, start(way, daemon));
        expect(seen).toMatchObject({ status: 124, stdout: '' });
        expect(seen.stderr).toMatch(/\ntsdaemon: ERR_DAEMON_LATE: .*2000 ms.*\n$/);
        expect(isAlive((await scene.report<Up>('up')).pid)).toBe(false);
        expect(existsSync(daemon.pidFile)).toBe(false);
        if (way === 'ignore-term') {
          await scene.report('term');
          expect(Date.now() - begun).toBeGreaterThan(7000);
        }
      });
    }

    for (const { signal, status } of interrupts) {
      test(`is ${status} when ${signal} ends the start, and the daemon with it`, async ({
        scene,
      }) => {
        const shell = new ShellLaunch(scene, start('wait', { pidFile: scene.path('pid') }));
        const { pid } = await scene.report<Up>('up');
        process.kill(await shell.launcher(), signal);
        const seen = await shell.seen();
        expect(seen).toMatchObject({ status, stdout: '' });
        expect(seen.stderr).toMatch(/\ntsdaemon: ERR_DAEMON_INTERRUPTED: .+\n$/);
        expect(isAlive(pid)).toBe(false);
        expect(existsSync(scene.path('pid'))).toBe(false);
      });
    }

    test('is 130 when Ctrl-C ends the start, and the daemon with it', async ({ scene }) => {
      const terminal = new Terminal(scene, 'trap : INT; "$@"; echo "status $?"', start('wait', {}));
      const { pid } = await scene.report<Up>('up');
      terminal.type('\x03');
      expect(await terminal.shows(/status (\d+)/)).toBe('130');
      expect(isAlive(pid)).toBe(false);
    });
  });
}

for (const { line, name } of starts.filter(({ entry }) => entry === 'early')) {
  describe.concurrent(`the status in the shell ${name}, without a script`, () => {
    for (const { title, args } of [
      { title: '-e', args: ['-e', '0'] },
      { title: '-p', args: ['-p', '0'] },
      { title: '--check', args: ['--check', 'fixtures/coming-up.cjs'] },
      { title: 'stdin', args: [] },
      { title: 'stdin by its name', args: ['-'] },
    ]) {
      test(`is 2: ${title}`, async ({ scene }) => {
        const seen = await fromShell(scene, { line, entry: 'early', args }, 'echo 0 | "$@"');
        expect(seen).toMatchObject({ status: 2, stdout: '' });
        expect(seen.stderr).toMatch(/^tsdaemon: ERR_DAEMON_NO_SCRIPT: [^\n]+\n$/);
      });
    }

    test('is 2 when readiness is to be told by a handle that nobody has', async ({ scene }) => {
      const daemon = { ready: 'manual' };
      const seen = await fromShell(scene, {
        line,
        entry: 'early',
        program: 'one-daemon.cjs',
        daemon,
      });
      expect(seen).toMatchObject({ status: 2, stdout: '' });
      expect(seen.stderr).toMatch(/^tsdaemon: ERR_DAEMON_OPTION: [^\n]*TSDAEMON_READY[^\n]+\n$/);
    });
  });

  describe.concurrent(`the status in the shell on Node ${line.major}, of an app that calls daemonize()`, () => {
    test('is its own when it has caught the error and goes on', async ({ scene }) => {
      const pidFile = scene.path('pid');
      const first = {
        line,
        entry: 'daemonize',
        program: 'one-daemon.cjs',
        daemon: { pidFile },
      } as const;
      expect(await fromShell(scene, first)).toMatchObject({ status: 0 });
      const { pid } = await scene.report<Up>('up');

      const again = scene.path('again');
      writeFileSync(
        scene.path('app.cjs'),
        `const { daemonize } = require('tsdaemon');
         for (const options of ${JSON.stringify([{ pidFile }, { pidFile: again, cwd: '/missing' }, { umask: -1 }, { pidFile: again }])}) {
           try {
             daemonize(options);
           } catch ({ code, path, pid, exitStatus }) {
             console.log(JSON.stringify({ code, path, pid, exitStatus }));
           }
         }`,
      );
      const seen = await fromShell(scene, { line, args: [scene.path('app.cjs')] });
      expect(seen).toMatchObject({ status: 0, stderr: '' });
      expect(
        seen.stdout
          .trim()
          .split('\n')
          .map((text) => JSON.parse(text)),
      ).toEqual([
        { code: 'ERR_DAEMON_RUNNING', path: pidFile, pid, exitStatus: 3 },
        { code: 'ERR_DAEMON_CHDIR', path: '/missing', exitStatus: 1 },
        { code: 'ERR_DAEMON_OPTION', exitStatus: 2 },
      ]);
      await scene.until('the end of what was started last', () => nodesOf(scene).length === 1);
      expect(existsSync(again)).toBe(false);
    });

    test('is that of the error when it is an ES module', async ({ scene }) => {
      writeFileSync(
        scene.path('app.mjs'),
        `import { daemonize } from 'tsdaemon';
         await null;
         daemonize({ nothing: 1 });`,
      );
      const seen = await fromShell(scene, { line, args: [scene.path('app.mjs')] });
      expect(seen.status).toBe(2);
      expect(seen.stderr).toContain('ERR_DAEMON_OPTION');
    });
  });
}
