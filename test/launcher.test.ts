import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { sleeps } from './helpers/daemons.ts';
import type { LaunchOptions } from './helpers/launch.ts';
import { calls, carriesState, lines, starts } from './helpers/lines.ts';
import { isAlive, status } from './helpers/proc.mjs';
import { Terminal } from './helpers/pty.ts';
import { test } from './helpers/test.ts';
import { until } from './helpers/until.mjs';

interface Up {
  pid: number;
}

interface Children {
  willing: number;
  stubborn: number;
  detached: number;
}

/** How much a process has written, proc_pid_io(5). */
const written = (pid: number) =>
  Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);

/** What a process has written of memory that is no file's, proc_pid_status(5). */
const anonymousMegabytes = (pid: number) =>
  Number.parseInt(status(pid)?.['RssAnon'] ?? '', 10) / 1024;

const deaths = [
  { way: 'exit-7', title: 'exits with its status', code: 7 },
  { way: 'exit-0', title: 'exits with 0, which is a failure too', code: 1 },
  { way: 'natural', title: 'comes to its natural end', code: 1 },
  { way: 'throw', title: 'throws', code: 1 },
  { way: 'kill', title: 'is killed', code: 128 + 9 },
  { way: 'abort', title: 'aborts', code: 128 + 6 },
];

const signals = [
  { signal: 'SIGINT', code: 130 },
  { signal: 'SIGTERM', code: 143 },
  { signal: 'SIGHUP', code: 129 },
] as const;

for (const { line, entry, name } of calls) {
  describe(`the launcher ${name}`, () => {
    const program = { line, entry, program: 'manual.cjs' } satisfies LaunchOptions;

    test('exits 0 only after ready()', async ({ scene }) => {
      const launch = scene.launch({ ...program, daemon: { ready: 'manual' } });
      const { pid } = await scene.report<Up>('up');
      expect(isAlive(await launch.started)).toBe(true);
      process.kill(pid, 'SIGUSR2');
      expect(await launch.finished()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
      expect(await scene.report<Up>('ready')).toEqual({ pid });
      expect(isAlive(pid)).toBe(true);
    });

    if (carriesState(entry))
      test('keeps no copy of the heap while it waits', async ({ scene }) => {
        const megabytes = 200;
        const launch = scene.launch({
          ...program,
          program: 'large-heap.cjs',
          args: [String(megabytes)],
          daemon: { ready: 'manual' },
        });
        const { pid } = await scene.report<Up>('up');
        expect(anonymousMegabytes(pid)).toBeGreaterThan(megabytes);
        const launcher = await launch.started;
        await until('the launcher to let go of the heap', () => {
          return anonymousMegabytes(launcher) < megabytes / 4;
        });
        process.kill(pid, 'SIGUSR2');
        expect(await launch.finished()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
        expect(await scene.report('ready')).toEqual({ isWhole: true });
      });

    test('shows no more of stderr than was said before ready(), however late it listens', async ({
      scene,
    }) => {
      const daemon = { ready: 'manual', stderr: scene.path('err') };
      const launch = scene.launch({ ...program, program: 'talking.cjs', daemon });
      const { pid } = await scene.report<Up>('up');
      await sleeps(scene, await launch.started);
      await launch.kill('SIGSTOP');
      process.kill(pid, 'SIGUSR2');
      await scene.report('said');
      await launch.kill('SIGCONT');
      expect(await launch.finished()).toMatchObject({ code: 0, stderr: 'on the way\n' });
      expect(scene.read('err')).toBe('on the way\nafter that\n');
    });

    // A pid may be another's by then.
    test('ends the daemon by what leads to no other process', async ({ scene }) => {
      const through = [join(scene.root, 'filtered'), 'no-kill'];
      const launch = scene.launch({ ...program, daemon: { ready: 'manual' }, through });
      const { pid } = await scene.report<Up>('up');
      await launch.kill('SIGTERM');
      expect(await launch.end()).toEqual({ code: 143, signal: null });
      expect(isAlive(pid)).toBe(false);
    });

    for (const { way, title, code } of deaths) {
      test(`tells the truth of a daemon that ${title} before it is ready`, async ({ scene }) => {
        const daemon = { ready: 'manual', log: scene.path('log') };
        const launch = scene.launch({ ...program, args: [way], daemon });
        const { stderr, ...end } = await launch.finished();
        expect(end).toEqual({ code, signal: null, stdout: '' });
        expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_\w+: .+\n$/m);
        expect(stderr.split('\n').at(-2)).toContain(scene.path('log'));
        if (way === 'throw') expect(stderr).toContain('Error: on the way up');
        await scene.nothingLeft();
      });
    }

    for (const { signal, code } of signals) {
      test(`ends the start on ${signal}`, async ({ scene }) => {
        const launch = scene.launch({ ...program, daemon: { ready: 'manual' } });
        const { pid } = await scene.report<Up>('up');
        await launch.kill(signal);
        expect(await launch.end()).toEqual({ code, signal: null });
        expect(isAlive(pid)).toBe(false);
        await scene.nothingLeft();
      });
    }

    test('ends the start on Ctrl-C', async ({ scene }) => {
      const terminal = new Terminal(scene, 'exec "$@"', {
        ...program,
        daemon: { ready: 'manual' },
      });
      const { pid } = await scene.report<Up>('up');
      terminal.type('\x03');
      expect(await terminal.ended()).toBe(130);
      expect(isAlive(pid)).toBe(false);
      await scene.nothingLeft();
    });

    test('ends with a daemon what that has started in its process group', async ({ scene }) => {
      const launch = scene.launch({ ...program, args: ['children'], daemon: { ready: 'manual' } });
      const { willing, stubborn, detached } = await scene.report<Children>('children');
      await scene.until('a child to ignore SIGTERM', () => existsSync(scene.path('deaf')));
      await scene.report<Up>('up');
      await launch.kill('SIGINT');
      expect(await launch.end()).toEqual({ code: 130, signal: null });
      expect([willing, stubborn, detached].map(isAlive)).toEqual([false, false, true]);
    });

    test('tells the truth of a killed daemon of which a child keeps all that can be inherited', async ({
      scene,
    }) => {
      const way = 'killed-with-a-child';
      const launch = scene.launch({ ...program, args: [way], daemon: { ready: 'manual' } });
      expect(await launch.end()).toEqual({ code: 128 + 9, signal: null });
    });

    test('is ended by SIGTERM though nobody reads what it shows', async ({ scene }) => {
      const deaf = 'mkfifo "$TEST_DIR/fifo"; (sleep 1000 <>"$TEST_DIR/fifo" &); ';
      const launch = scene.launch({
        ...program,
        args: ['loud'],
        daemon: { ready: 'manual' },
        through: ['sh', '-c', `${deaf}exec "$@" 2>"$TEST_DIR/fifo"`, 'sh'],
      });
      const launcher = await launch.started;
      const { pid } = await scene.report<Up>('up');
      // Of the 350 kB that there are to show, which it does in one go until the pipe is full.
      await scene.until('the launcher to show them', () => written(launcher) > 40_000);
      await launch.kill('SIGTERM');
      expect(await launch.end()).toEqual({ code: 143, signal: null });
      expect(isAlive(pid)).toBe(false);
    });

    test('that is killed outright leaves a daemon that goes on', async ({ scene }) => {
      const launch = scene.launch({ ...program, daemon: { ready: 'manual' } });
      const { pid } = await scene.report<Up>('up');
      await launch.kill('SIGKILL');
      expect(await launch.end()).toEqual({ code: null, signal: 'SIGKILL' });
      process.kill(pid, 'SIGUSR2');
      expect(await scene.report<Up>('ready')).toEqual({ pid });
      expect(isAlive(pid)).toBe(true);
    });

    if (carriesState(entry))
      test('holds no connection open that the daemon closes', async ({ scene }) => {
        const launch = scene.launch({
          ...program,
          program: 'closing.cjs',
          daemon: { ready: 'manual' },
        });
        const { port } = await scene.report<{ port: number }>('listening');
        const socket = connect(port, '127.0.0.1');
        let ended = false;
        socket.resume().once('end', () => {
          ended = true;
        });
        const { pid } = await scene.report<Up>('up');
        await scene.until('the end of the connection', () => ended);
        expect(isAlive(await launch.started)).toBe(true);
        process.kill(pid, 'SIGUSR2');
        expect(await launch.end()).toEqual({ code: 0, signal: null });
      });
  });
}

describe('a daemon that is not ready in time', () => {
  for (const { line, entry, name } of calls) {
    for (const { way, how } of [
      { way: 'wait', how: 'ended' },
      { way: 'ignore-term', how: 'killed when it does not heed SIGTERM' },
    ]) {
      test.concurrent(`is ${how}, and its launcher ${name} exits 124`, async ({ scene }) => {
        const daemon = { ready: 'manual', readyTimeout: 400 };
        const launch = scene.launch({
          line,
          entry,
          program: 'manual.cjs',
          args: [way],
          daemon,
        });
        const { code, stderr } = await launch.finished();
        expect(code).toBe(124);
        expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_LATE: .*400 ms.*\n$/);
        if (way === 'ignore-term') await scene.report('term');
        await scene.nothingLeft();
      });
    }
  }
});

describe('a daemon that is not ready in the time that it has asked for', () => {
  for (const line of lines) {
    test(`has its launcher on Node ${line.major} say which that was`, async ({ scene }) => {
      const never = String(2 ** 31 - 1);
      const { code, stderr } = await scene
        .launch({
          line,
          entry: 'daemonize',
          program: 'extending.cjs',
          args: ['300', never],
          daemon: { ready: 'manual' },
        })
        .finished();
      expect(code).toBe(124);
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_LATE: .*extendStartTimeout\(\) .*300 ms.*\n$/);
      expect(stderr).not.toContain('readyTimeout');
    });
  }
});

for (const { line, entry, name } of starts) {
  describe(name, () => {
    test('$(…) around the launcher returns while the daemon runs', async ({ scene }) => {
      const through = ['sh', '-c', 'out=$("$@" 2>&1); echo "returned [$out] $?"', 'sh'];
      const launch = scene.launch({ line, entry, program: 'self.cjs', through });
      expect((await launch.finished()).stdout).toBe('returned [] 0\n');
      expect(isAlive((await scene.report<Up>('self')).pid)).toBe(true);
    });

    test('a second call and a call in a Worker are refused, and the daemon goes on', async ({
      scene,
    }) => {
      const launch = scene.launch({
        line,
        entry,
        program: 'refused.cjs',
        daemon: { log: scene.path('log') },
      });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
      expect(await scene.report('refused')).toMatchObject({
        second: { name: 'DaemonError', code: 'ERR_DAEMON_ALREADY' },
        inWorker: { name: 'DaemonError', code: 'ERR_DAEMON_WORKER' },
      });
    });
  });
}
