import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { carriesState, lines, starts } from './helpers/lines.ts';
import { Supervisor } from './helpers/supervisor.ts';
import { test } from './helpers/test.ts';
import { ordinaryUser } from './helpers/user.ts';

interface Seen {
  pid: number;
  own: string[];
  children: string[];
}

const sh = (line: string) => ['sh', '-c', line, 'sh'];
const inForeground = { detach: 'auto' } as const;
const asMain = (pid: number) => `READY=1\nMAINPID=${pid}`;

// Nothing is executed anew there.
for (const { line, entry, name } of starts.filter(({ entry }) => carriesState(entry))) {
  describe(`in the foreground, ${name}, a supervisor`, () => {
    const program = {
      line,
      entry,
      program: 'supervised.cjs',
      daemon: entry === 'early' ? {} : inForeground,
    } satisfies LaunchOptions;

    test('is told the main process when it is ready, and when it stops', async ({ scene }) => {
      const { address, told } = await Supervisor.start(scene);
      const launch = scene.launch({ ...program, env: { NOTIFY_SOCKET: address } });
      const { pid } = await scene.report<Seen>('up');
      expect(pid).toBe(await launch.started);
      await scene.until('the first message', () => told.length > 0);
      process.kill(pid, 'SIGTERM');
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
      await scene.until('the last message', () => told.length > 1);
      expect(told).toEqual([
        { pid, text: asMain(pid) },
        { pid, text: 'STOPPING=1' },
      ]);
    });

    test('is known to the program alone, not to its children', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address, WATCHDOG_USEC: '60000000' };
      scene.launch({ ...program, env });
      const { pid } = await scene.report<Seen>('up');
      await supervisor.hears(/READY/);
      process.kill(pid, 'SIGUSR2');
      expect(await scene.report('seen')).toMatchObject({ pid, own: [], children: [] });
    });

    test('hears of a reload, and of its end', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      scene.launch({ ...program, env: { NOTIFY_SOCKET: supervisor.address } });
      const { pid } = await supervisor.hears(/READY/);
      const before = process.hrtime.bigint() / 1000n;
      process.kill(pid, 'SIGHUP');
      await supervisor.hears(/READY/, 2);
      const [, reloading, reloaded] = supervisor.told;
      const [, time] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading?.text ?? '') ?? [];
      expect(BigInt(time ?? 0)).toBeGreaterThanOrEqual(before);
      expect(BigInt(time ?? 0)).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);
      expect(reloaded).toEqual({ pid, text: 'READY=1' });
    });
  });
}

for (const line of lines) {
  describe(`on Node ${line.major}, a supervisor`, () => {
    const program = {
      line,
      entry: 'daemonize',
      program: 'supervised.cjs',
      daemon: inForeground,
    } satisfies LaunchOptions;

    test('is told what the program says of itself, in one line each', async ({ scene }) => {
      const { address, told } = await Supervisor.start(scene);
      const daemon = { ...inForeground, ready: 'manual' };
      const launch = scene.launch({
        ...program,
        daemon,
        args: ['manual'],
        env: { NOTIFY_SOCKET: address },
      });
      const pid = await launch.started;
      await scene.until('the last message', () => told.at(-1)?.text === 'STATUS=at work');
      expect(told.map(({ text }) => text)).toEqual([
        'EXTEND_TIMEOUT_USEC=90000000',
        'STATUS=warming up',
        `${asMain(pid)}\nSTATUS=serving`,
        'STATUS=at work',
      ]);
      expect(told.every((message) => message.pid === pid)).toBe(true);
    });

    test('may have a name in the abstract namespace', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene, `@${scene.dir}`);
      const launch = scene.launch({ ...program, env: { NOTIFY_SOCKET: supervisor.address } });
      expect((await supervisor.hears(/READY/)).text).toBe(asMain(await launch.started));
    });

    test('that is not there is a warning, and the program goes on', async ({ scene }) => {
      const launch = scene.launch({ ...program, env: { NOTIFY_SOCKET: scene.path('none') } });
      await scene.report('up');
      await scene.until('the warning', () => launch.stderr.includes('ERR_DAEMON_NOTIFY'));
      expect(launch.stderr).toContain(`${scene.path('none')}: no such file or directory (ENOENT)`);
      process.kill(await launch.started, 'SIGTERM');
      expect(await launch.end()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(launch.stderr.match(/ERR_DAEMON_NOTIFY/g)).toHaveLength(1);
    });

    test('with an address of another kind is a warning', async ({ scene }) => {
      const launch = scene.launch({ ...program, env: { NOTIFY_SOCKET: 'vsock:2:1234' } });
      await scene.report('up');
      await scene.until('the warning', () => launch.stderr.includes('(EAFNOSUPPORT)'));
    });

    test('waits for handlers of a reload, and of the end', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address };
      const launch = scene.launch({ ...program, args: ['reload', 'stopping'], env });
      const { pid } = await scene.report<Seen>('up');
      process.kill(pid, 'SIGHUP');
      await supervisor.hears(/RELOADING/);
      expect(supervisor.told).toHaveLength(2);
      await supervisor.hears(/READY/, 2);
      await scene.report('reloaded');
      process.kill(pid, 'SIGTERM');
      await supervisor.hears(/STOPPING/);
      expect(await scene.report('stopping')).toEqual({ signal: 'SIGTERM' });
      expect(await launch.endOf(pid)).toEqual({ code: null, signal: 'SIGTERM' });
      expect(supervisor.told).toHaveLength(4);
    });

    test("is answered where the program's own listener reloads", async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address };
      scene.launch({ ...program, args: ['hangup'], env });
      const { pid } = await scene.report<Seen>('up');
      process.kill(pid, 'SIGHUP');
      await supervisor.hears(/^READY=1$/);
      await scene.report('hangup');
      expect(supervisor.told[1]?.text).toMatch(/^RELOADING=1/);
    });

    test('is told of any end that the program has a say in', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address };
      for (const [n, args] of [['exit'], ['brief'], ['throw']].entries()) {
        const launch = scene.launch({ ...program, args, env });
        await supervisor.hears(/READY/, n + 1);
        if (args[0] === 'exit') await launch.kill('SIGTERM');
        const { pid } = await supervisor.hears(/STOPPING/, n + 1);
        expect(pid).toBe(await launch.started);
        expect(await launch.end()).toEqual({ code: [5, 0, 1][n], signal: null });
      }
    });

    test('is told still when the program has given up its rights', async ({ scene }) => {
      mkdirSync(scene.path('closed'));
      const supervisor = await Supervisor.start(scene, scene.path('closed/notify'));
      chmodSync(scene.path('closed'), 0o700);
      const daemon = { ...inForeground, user: ordinaryUser, group: ordinaryUser };
      scene.launch({ ...program, daemon, env: { NOTIFY_SOCKET: supervisor.address } });
      const { pid } = await supervisor.hears(/READY/);
      process.kill(pid, 'SIGTERM');
      await supervisor.hears(/STOPPING/);
    });
  });

  describe(`on Node ${line.major}, the watchdog`, () => {
    const through = sh('WATCHDOG_PID=$$ exec "$@"');
    const program = {
      line,
      entry: 'daemonize',
      program: 'supervised.cjs',
      daemon: inForeground,
    } satisfies LaunchOptions;

    test('hears of the program twice as often as it wants to', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address, WATCHDOG_USEC: '400000' };
      scene.launch({ ...program, through, env });
      await supervisor.hears(/^WATCHDOG=1$/);
      const start = performance.now();
      await supervisor.hears(/^WATCHDOG=1$/, 6);
      expect(performance.now() - start).toBeGreaterThan(5 * 200 - 150);
    });

    test('hears nothing of a program that hangs', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address, WATCHDOG_USEC: '100000' };
      const launch = scene.launch({ ...program, through, args: ['hang'], env });
      await supervisor.hears(/^WATCHDOG=1$/, 3);
      await launch.kill('SIGINT');
      await scene.report('hanging');
      const before = supervisor.told.length;
      await supervisor.hears(/STOPPING/);
      // One may have been on its way.
      expect(supervisor.told.length - before).toBeLessThanOrEqual(2);
    });

    test('keeps no program alive', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: supervisor.address, WATCHDOG_USEC: '10000000' };
      const launch = scene.launch({ ...program, through, args: ['brief'], env });
      expect(await launch.end()).toEqual({ code: 0, signal: null });
    });

    for (const { title, words, env } of [
      { title: 'of another process', words: 'WATCHDOG_PID=$PPID', env: { WATCHDOG_USEC: '20000' } },
      { title: 'of no time', words: 'WATCHDOG_PID=$$', env: { WATCHDOG_USEC: '0' } },
      { title: 'of a time that is none', words: 'WATCHDOG_PID=$$', env: { WATCHDOG_USEC: '2s' } },
    ]) {
      test(`${title} is not told`, async ({ scene }) => {
        const supervisor = await Supervisor.start(scene);
        const launch = scene.launch({
          ...program,
          through: sh(`${words} exec "$@"`),
          args: ['stopping'],
          env: { ...env, NOTIFY_SOCKET: supervisor.address },
        });
        await supervisor.hears(/READY/);
        await launch.kill('SIGTERM');
        await launch.end();
        expect(supervisor.told.map(({ text }) => text.slice(0, 8))).toEqual([
          'READY=1\n',
          'STOPPING',
        ]);
      });
    }
  });

  describe(`a daemon that detaches from its supervisor on Node ${line.major}`, () => {
    const program = { line, entry: 'daemonize', program: 'supervised.cjs' } satisfies LaunchOptions;

    for (const { strategy, ready, args, last } of [
      { strategy: 'fork', ready: 'detached', args: [], last: '' },
      { strategy: 'fork', ready: 'manual', args: ['manual'], last: '\nSTATUS=serving' },
      { strategy: 'exec', ready: 'detached', args: [], last: '' },
      { strategy: 'exec', ready: 'manual', args: ['manual'], last: '\nSTATUS=serving' },
    ]) {
      const title = `by ${strategy} is made the main process by its launcher when it is ${ready}`;
      test(title, async ({ scene }) => {
        const { address, told } = await Supervisor.start(scene);
        const daemon = { strategy, ready };
        const launch = scene.launch({ ...program, args, daemon, env: { NOTIFY_SOCKET: address } });
        const { pid } = await scene.report<Seen>('up');
        expect(await launch.end()).toEqual({ code: 0, signal: null });
        process.kill(pid, 'SIGTERM');
        await scene.until('the last message', () => told.at(-1)?.text === 'STOPPING=1');
        const launcher = await launch.started;
        expect(pid).not.toBe(launcher);
        const said = told.filter(({ text }) => text.startsWith('READY=1'));
        expect(said).toEqual([
          { pid: launcher, text: asMain(pid) },
          { pid, text: `${asMain(pid)}${last}` },
        ]);
      });
    }

    test("answers the watchdog that was its launcher's", async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const launch = scene.launch({
        ...program,
        through: sh('WATCHDOG_PID=$$ exec "$@"'),
        env: { NOTIFY_SOCKET: supervisor.address, WATCHDOG_USEC: '100000' },
      });
      const { pid } = await supervisor.hears(/^WATCHDOG=1$/);
      expect(pid).not.toBe(await launch.started);
    });

    test('that does not become ready leaves it untold', async ({ scene }) => {
      const { address, told } = await Supervisor.start(scene);
      const launch = scene.launch({
        ...program,
        args: ['throw'],
        daemon: { ready: 'manual' },
        env: { NOTIFY_SOCKET: address },
      });
      expect((await launch.end()).code).toBe(1);
      await scene.until('the last message', () => told.length > 0);
      expect(told.map(({ text }) => text)).toEqual(['STOPPING=1']);
    });

    for (const { way, code } of [
      { way: 'exit-7', code: 7 },
      { way: 'exit-0', code: 1 },
      { way: 'kill', code: 128 + 9 },
      { way: 'abort', code: 128 + 6 },
    ]) {
      test(`that ends by ${way} before it is ready is told the truth of`, async ({ scene }) => {
        const { address, told } = await Supervisor.start(scene);
        const launch = scene.launch({
          ...program,
          program: 'manual.cjs',
          args: [way],
          daemon: { ready: 'manual' },
          env: { NOTIFY_SOCKET: address },
        });
        expect(await launch.end()).toEqual({ code, signal: null });
        expect(told.filter(({ text }) => text.startsWith('READY'))).toEqual([]);
        await launch.allEnded();
      });
    }

    test('is ended with its start, by the signal to its launcher', async ({ scene }) => {
      const { address } = await Supervisor.start(scene);
      const launch = scene.launch({
        ...program,
        program: 'manual.cjs',
        daemon: { ready: 'manual' },
        env: { NOTIFY_SOCKET: address },
      });
      await scene.report('up');
      await launch.kill('SIGTERM');
      expect(await launch.end()).toEqual({ code: 128 + 15, signal: null });
      await launch.allEnded();
    });

    test('goes on when its launcher is killed outright', async ({ scene }) => {
      const supervisor = await Supervisor.start(scene);
      const launch = scene.launch({
        ...program,
        program: 'manual.cjs',
        daemon: { ready: 'manual' },
        env: { NOTIFY_SOCKET: supervisor.address },
      });
      const { pid } = await scene.report<Seen>('up');
      await launch.kill('SIGKILL');
      expect(await launch.end()).toEqual({ code: null, signal: 'SIGKILL' });
      process.kill(pid, 'SIGUSR2');
      expect(await supervisor.hears(/READY/)).toEqual({ pid, text: asMain(pid) });
      // The reaper of the test is the supervisor of both, and has nobody else to wait for.
      process.kill(pid, 'SIGKILL');
      await launch.allEnded();
    });

    test('that could not be made leaves the launcher without a socket to it', async ({ scene }) => {
      const { address, told } = await Supervisor.start(scene);
      const env = { NOTIFY_SOCKET: address };
      const launch = scene.launch({ ...program, daemon: { cwd: scene.path('none') }, env });
      expect((await launch.end()).code).toBe(1);
      expect(told).toEqual([]);
    });
  });
}
