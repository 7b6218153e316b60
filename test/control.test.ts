import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { anyLine, startDaemon } from './helpers/cli.ts';
import type { LaunchOptions } from './helpers/launch.ts';
import { calls, type Line, strategyOf } from './helpers/lines.ts';
import { isAlive } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

interface Outcome {
  result?: unknown;
  error?: {
    kind: string;
    code: string;
    message: string;
    errno?: string;
    pid?: number;
    path?: string;
  };
  /** How often the event loop of the caller has turned meanwhile. */
  turns: number;
}

/** Calls a function of the library in a process of its own. */
async function call(
  scene: Scene,
  line: Line,
  name: string,
  args: unknown[],
  extra: Partial<LaunchOptions> = {},
): Promise<Outcome> {
  const script = `${scene.root}/fixtures/cli-control.cjs`;
  const launch = scene.launch({ line, args: [script, name, JSON.stringify(args)], ...extra });
  const { code, stdout, stderr } = await launch.finished();
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Outcome;
}

/** A process that holds the lock of the pid file, which holds what `way` says. */
async function holder(scene: Scene, way: string, text = ''): Promise<number> {
  scene.launch({
    line: running,
    through: ['flock', '--no-fork', '--exclusive', scene.path('pid')],
    program: 'cli-holder.cjs',
    args: [scene.path('pid'), way, text],
  });
  return (await scene.report<{ pid: number }>('holder')).pid;
}

/** A process that has nothing to do with it. */
async function stranger(scene: Scene): Promise<number> {
  const launch = scene.launch({
    line: running,
    args: ['-e', 'setInterval(() => undefined, 1000)'],
  });
  return launch.started;
}

const running = anyLine;

/** Above the largest pid that Linux gives. */
const nobody = '5000000';

for (const { line, entry, name } of calls) {
  const by = { env: { TSDAEMON_STRATEGY: strategyOf(entry) } };

  describe(`the library, of a daemon ${name}`, () => {
    test('sees a daemon through its life, and ends it', async ({ scene }) => {
      const pidFile = scene.path('pid');
      expect(await call(scene, line, 'status', [pidFile])).toMatchObject({
        result: { state: 'stopped' },
      });
      const pid = await startDaemon(scene, line, 'willing', by);
      expect((await call(scene, line, 'status', [pidFile])).result).toEqual({
        state: 'running',
        pid,
      });
      expect((await call(scene, line, 'stop', [pidFile])).result).toEqual({
        outcome: 'stopped',
        pid,
      });
      expect(isAlive(pid)).toBe(false);
      expect(existsSync(pidFile)).toBe(false);
      expect((await call(scene, line, 'status', [pidFile])).result).toEqual({ state: 'stopped' });
      expect((await call(scene, line, 'stop', [pidFile])).result).toEqual({
        outcome: 'not-running',
      });
    });

    test('waits for a daemon that takes its time, and the event loop goes on meanwhile', async ({
      scene,
    }) => {
      const pid = await startDaemon(scene, line, 'slow', by);
      const { result, turns } = await call(scene, line, 'stop', [scene.path('pid')]);
      expect(result).toEqual({ outcome: 'stopped', pid });
      expect(turns).toBeGreaterThan(20);
    });

    test('kills a daemon that ignores SIGTERM, and not before the timeout', async ({ scene }) => {
      const pid = await startDaemon(scene, line, 'stubborn', by);
      const begin = Date.now();
      const { result } = await call(scene, line, 'stop', [scene.path('pid'), { timeout: 600 }]);
      expect(result).toEqual({ outcome: 'killed', pid });
      expect(Date.now() - begin).toBeGreaterThanOrEqual(600);
      expect(isAlive(pid)).toBe(false);
      expect((await call(scene, line, 'status', [scene.path('pid')])).result).toEqual({
        state: 'dead',
        pid,
      });
    });

    test('does not kill it when it may not, and tells so', async ({ scene }) => {
      const pid = await startDaemon(scene, line, 'stubborn', by);
      const { error } = await call(scene, line, 'stop', [
        scene.path('pid'),
        // biome-ignore lint/suspicious/noThenProperty: the option's name
        { timeout: 100, then: false },
      ]);
      expect(error).toMatchObject({
        kind: 'DaemonError',
        code: 'ERR_DAEMON_ALIVE',
        pid,
        signal: 'SIGTERM',
      });
      expect(isAlive(pid)).toBe(true);
    });

    test('sends signals', async ({ scene }) => {
      const pid = await startDaemon(scene, line, 'willing', by);
      expect((await call(scene, line, 'reload', [scene.path('pid')])).result).toBe(pid);
      await scene.until('the first SIGHUP', () => existsSync(scene.path('hangup.json')));
      expect((await call(scene, line, 'signal', [scene.path('pid'), 'SIGHUP'])).result).toBe(pid);
      await scene.until('the second SIGHUP', () => scene.read('hangup.json') === '{"hangups":2}');
      await call(scene, line, 'signal', [scene.path('pid'), 'SIGKILL']);
      await scene.gone(pid);
      const { error } = await call(scene, line, 'signal', [scene.path('pid'), 'SIGHUP']);
      expect(error).toMatchObject({ code: 'ERR_DAEMON_NOT_RUNNING', path: scene.path('pid') });
    });
  });
}

describe('reload()', () => {
  test('waits for a daemon that does not listen yet, and ends none that never does', async ({
    scene,
  }) => {
    const pid = await holder(scene, 'itself');
    const { error } = await call(scene, running, 'reload', [scene.path('pid')]);
    expect(error).toMatchObject({ code: 'ERR_DAEMON_DEAF', pid, signal: 'SIGHUP' });
    expect(isAlive(pid)).toBe(true);

    const reloaded = call(scene, running, 'reload', [scene.path('pid')]);
    process.kill(pid, 'SIGUSR2');
    expect((await reloaded).result).toBe(pid);
    expect(await scene.report('hangup')).toEqual({ pid });
  });
});

describe('a pid file', () => {
  const status = async (scene: Scene) =>
    (await call(scene, running, 'status', [scene.path('pid')])).result;
  const stop = (scene: Scene) => call(scene, running, 'stop', [scene.path('pid')]);

  test('that a dead daemon has left, and that names a live stranger now: the stranger lives', async ({
    scene,
  }) => {
    const pid = await stranger(scene);
    writeFileSync(scene.path('pid'), `${pid}\n`);
    expect(await status(scene)).toEqual({ state: 'dead', pid });
    expect((await stop(scene)).result).toEqual({ outcome: 'not-running' });
    expect(
      (await call(scene, running, 'signal', [scene.path('pid'), 'SIGKILL'])).error,
    ).toMatchObject({
      code: 'ERR_DAEMON_NOT_RUNNING',
    });
    expect(isAlive(pid)).toBe(true);
    expect(scene.read('pid')).toBe(`${pid}\n`);
  });

  test('that its holder has written itself into is the one of a daemon, whoever that is', async ({
    scene,
  }) => {
    const pid = await holder(scene, 'itself');
    expect(await status(scene)).toEqual({ state: 'running', pid });
    expect((await stop(scene)).result).toEqual({ outcome: 'stopped', pid });
  });

  const foreign: { title: string; text: (scene: Scene) => Promise<string> }[] = [
    { title: 'a live stranger', text: async (scene) => String(await stranger(scene)) },
    { title: 'the process of the test', text: async () => String(process.pid) },
    { title: 'a process that there is not', text: async () => nobody },
    { title: 'no process', text: async () => 'what is this' },
    { title: 'a number that is too large', text: async () => '9'.repeat(40) },
    { title: 'pid 0', text: async () => '0' },
    { title: 'a process group', text: async () => '-1' },
  ];

  for (const { title, text } of foreign) {
    test(`that is locked by another process, and names ${title}: nobody is signalled`, async ({
      scene,
    }) => {
      const named = await text(scene);
      const pid = await holder(scene, 'other', named);
      expect(await status(scene)).toMatchObject({
        state: 'unknown',
        reason: expect.stringContaining('locked, but not by'),
      });
      const { error } = await stop(scene);
      expect(error).toMatchObject({ code: 'ERR_DAEMON_FOREIGN', path: scene.path('pid') });
      expect(isAlive(pid)).toBe(true);
      if (Number(named) > 0 && named !== nobody && named.length < 10)
        expect(isAlive(Number(named))).toBe(true);
      expect(scene.read('pid')).toBe(`${named}\n`);
    });
  }

  test('of a start that is about to give it up is looked at until that is done', async ({
    scene,
  }) => {
    const launch = scene.launch({
      line: running,
      through: ['flock', '--no-fork', '--exclusive', scene.path('pid')],
      program: 'cli-in-transition.cjs',
      args: [scene.path('pid'), nobody],
    });
    const { stdout, stderr } = await launch.finished();
    expect({ stdout, stderr }).toEqual({ stdout: '{"state":"stopped"}\n', stderr: '' });
  });

  test('that is locked and still empty is that of a start, which is waited for', async ({
    scene,
  }) => {
    const pid = await holder(scene, 'late');
    expect(await status(scene)).toEqual({ state: 'starting' });
    process.kill(pid, 'SIGWINCH');
    expect((await stop(scene)).result).toEqual({ outcome: 'stopped', pid });
  });

  test('that stays empty is a start that takes too long', async ({ scene }) => {
    const pid = await holder(scene, 'nothing');
    expect((await stop(scene)).error).toMatchObject({
      code: 'ERR_DAEMON_STARTING',
      path: scene.path('pid'),
    });
    expect(isAlive(pid)).toBe(true);
  });

  test('whose lock a child keeps is not called free', async ({ scene }) => {
    const pid = await holder(scene, 'leaking');
    const { error } = await stop(scene);
    expect(error).toMatchObject({ code: 'ERR_DAEMON_FOREIGN', pid });
    expect(isAlive(pid)).toBe(false);
    expect(isAlive((await scene.report<{ pid: number }>('child')).pid)).toBe(true);
  });

  const strange: { title: string; errno: string; make(path: string): void }[] = [
    { title: 'a directory', errno: 'EINVAL', make: (path) => mkdirSync(path) },
    { title: 'a fifo', errno: 'EINVAL', make: (path) => execFileSync('mkfifo', [path]) },
    { title: 'a symbolic link', errno: 'ELOOP', make: (path) => symlinkSync('/etc/passwd', path) },
    { title: 'below a file', errno: 'ENOTDIR', make: () => undefined },
  ];

  for (const { title, errno, make } of strange) {
    test(`that is ${title} is no pid file`, async ({ scene }) => {
      make(scene.path('strange'));
      writeFileSync(scene.path('file'), '');
      const path = scene.path(title === 'below a file' ? 'file/pid' : 'strange');
      const { result } = await call(scene, running, 'status', [path]);
      expect(result).toMatchObject({
        state: 'unknown',
        reason: expect.stringContaining(`(${errno})`),
      });
      const { error } = await call(scene, running, 'stop', [path]);
      expect(error).toMatchObject({ code: 'ERR_DAEMON_READ_PID', errno, path });
    });
  }

  const leftovers = [
    { title: 'empty', text: '', state: 'stopped' },
    { title: 'an empty line, in place of a pid to come,', text: '\n', state: 'stopped' },
    { title: 'full of something else', text: 'what is this', state: 'dead' },
    { title: 'huge', text: '1'.repeat(1_000_000), state: 'dead' },
  ];

  for (const { title, text, state } of leftovers) {
    test(`that nobody locks and that is ${title} is that of a daemon that is ${state}`, async ({
      scene,
    }) => {
      writeFileSync(scene.path('pid'), text);
      expect(await status(scene)).toEqual({ state });
      expect((await stop(scene)).result).toEqual({ outcome: 'not-running' });
      expect(scene.read('pid')).toBe(text);
    });
  }

  test('may not be seen by everybody', async ({ scene }) => {
    const line = openToAll(scene, running);
    mkdirSync(scene.path('closed'), { mode: 0 });
    chmodSync(scene.path('closed'), 0);
    const { error } = await call(scene, line, 'stop', [scene.path('closed/pid')], {
      through: asOrdinaryUser,
    });
    expect(error).toMatchObject({ code: 'ERR_DAEMON_READ_PID', errno: 'EACCES' });
  });

  test('is found from where the caller is', async ({ scene }) => {
    const pid = await startDaemon(scene, running);
    const { result } = await call(scene, running, 'status', ['pid'], { cwd: scene.dir });
    expect(result).toEqual({ state: 'running', pid });
  });
});

describe('a wrong argument', () => {
  const cases: { title: string; name: string; args: unknown[]; says: RegExp }[] = [
    {
      title: 'no path',
      name: 'status',
      args: [],
      says: /Expected the pid file to be a path, got undefined/,
    },
    {
      title: 'an empty path',
      name: 'stop',
      args: [''],
      says: /Expected the pid file to be a path, got ''/,
    },
    {
      title: 'an unknown signal',
      name: 'signal',
      args: ['pid', 'SIGHP'],
      says: /got 'SIGHP'; did you mean 'SIGHUP'\?/,
    },
    {
      title: 'no signal',
      name: 'signal',
      args: ['pid', 0],
      says: /Expected the signal to be .*, got 0/,
    },
    {
      title: 'an unknown option',
      name: 'stop',
      args: ['pid', { timeuot: 1 }],
      says: /Unknown option `timeuot`; did you mean `timeout`\?/,
    },
    {
      title: 'a wrong timeout',
      name: 'stop',
      args: ['pid', { timeout: -1 }],
      says: /Expected the `timeout` option to be .*, got -1/,
    },
    {
      title: 'a wrong last resort',
      name: 'stop',
      // biome-ignore lint/suspicious/noThenProperty: the option's name
      args: ['pid', { then: 'SIGINT' }],
      says: /Expected the `then` option to be 'SIGKILL' or false, got 'SIGINT'/,
    },
  ];

  for (const { title, name, args, says } of cases) {
    test(`of ${name}(), ${title}, is a TypeError`, async ({ scene }) => {
      const { error } = await call(scene, running, name, args);
      expect(error).toMatchObject({
        kind: 'TypeError',
        code: 'ERR_DAEMON_OPTION',
        message: expect.stringMatching(says),
      });
    });
  }
});

/** What root's daemons are to others; without root there are no others. */
for (const user of process.getuid?.() === 0 ? [asOrdinaryUser] : []) {
  describe('a daemon of root', () => {
    test('is seen by others, but not ended by them', async ({ scene }) => {
      const pid = await startDaemon(scene, running);
      const { ino } = statSync(scene.path('pid'));
      const line = openToAll(scene, running);
      const { result } = await call(scene, line, 'status', [scene.path('pid')], { through: user });
      expect(result).toEqual({ state: 'running', pid });
      const { error } = await call(scene, line, 'stop', [scene.path('pid')], { through: user });
      expect(error).toMatchObject({
        code: 'ERR_DAEMON_SIGNAL',
        errno: 'EPERM',
        pid,
        signal: 'SIGTERM',
      });
      expect(isAlive(pid)).toBe(true);
      expect(statSync(scene.path('pid')).ino).toBe(ino);
      expect(scene.read('pid')).toBe(`${pid}\n`);
    });
  });
}
