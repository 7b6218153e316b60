import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Answer, anyLine, startDaemon, startTsdaemon, tsdaemon } from './helpers/cli.ts';
import { isAlive } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

const line = anyLine;

const run = (scene: Scene, ...args: string[]): Promise<Answer> => tsdaemon(scene, line, args);
/** With the pid file of the scene. */
const steer = (scene: Scene, command: string, ...args: string[]): Promise<Answer> =>
  run(scene, command, '--pid-file', scene.path('pid'), ...args);

/** A stranger's process. */
async function stranger(scene: Scene): Promise<number> {
  return scene.launch({ line, args: ['-e', 'setInterval(() => undefined, 1000)'] }).started;
}

describe('tsdaemon status', () => {
  test('is 0 while the daemon runs, and says since when', async ({ scene }) => {
    const pid = await startDaemon(scene, line);
    const path = scene.path('pid');
    expect(await steer(scene, 'status')).toEqual({
      code: 0,
      signal: null,
      stdout: expect.stringMatching(new RegExp(`^${path} is running, pid ${pid}, for \\d+ s\\n$`)),
      stderr: '',
    });
    const { stdout } = await steer(scene, 'status', '--json');
    expect(JSON.parse(stdout)).toEqual({
      state: 'running',
      pid,
      uptime: expect.any(Number),
      pidFile: path,
    });
  });

  test('is 1 when the daemon has died and left its pid file', async ({ scene }) => {
    const pid = await startDaemon(scene, line);
    process.kill(pid, 'SIGKILL');
    await scene.gone(pid);
    const path = scene.path('pid');
    expect(await steer(scene, 'status')).toMatchObject({
      code: 1,
      stdout: `${path} is dead: its process ${pid} is gone, its pid file is still there\n`,
    });
    expect(scene.read('pid')).toBe(`${pid}\n`);
  });

  test('is 3 when there is no daemon', async ({ scene }) => {
    const path = scene.path('pid');
    expect(await steer(scene, 'status')).toMatchObject({
      code: 3,
      stdout: `${path} is not running\n`,
      stderr: '',
    });
    const { code, stdout } = await steer(scene, 'status', '--json');
    expect({ code, status: JSON.parse(stdout) }).toEqual({
      code: 3,
      status: { state: 'stopped', pidFile: path },
    });
  });

  test('is 4 when it cannot be told', async ({ scene }) => {
    mkdirSync(scene.path('pid'));
    const { code, stdout, stderr } = await steer(scene, 'status');
    expect({ code, stderr }).toEqual({ code: 4, stderr: '' });
    expect(stdout).toMatch(/^its state is unknown: [^\n]*\(EINVAL\)[^\n]*\n$/);
    expect(stdout.split(scene.path('pid'))).toHaveLength(2);
  });

  for (const args of [
    ['foo', '--name', 'bar'],
    ['foo', '--pid-file', 'bar.pid'],
    ['--name', 'foo', '--pid-file', 'bar.pid'],
  ])
    test(`is 2 when it is said of two: ${args.join(' ')}`, async ({ scene }) => {
      for (const command of ['status', 'stop', 'logs', 'reload']) {
        const { code, stdout, stderr } = await run(scene, command, ...args);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_OPTION: Which daemon[,?] .+\n$/);
      }
    });

  test('is 2 when it is not said of whom', async ({ scene }) => {
    expect(await run(scene, 'status')).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'tsdaemon: ERR_DAEMON_OPTION: Which daemon? Give its name, or its --pid-file\n',
    });
  });
});

describe('tsdaemon stop', () => {
  test('ends a daemon and says so; a second time there is nothing to do, and that is 0 as well', async ({
    scene,
  }) => {
    const pid = await startDaemon(scene, line);
    const path = scene.path('pid');
    expect(await steer(scene, 'stop')).toEqual({
      code: 0,
      signal: null,
      stdout: `${path} has ended, pid ${pid}\n`,
      stderr: '',
    });
    expect(isAlive(pid)).toBe(false);
    expect(await steer(scene, 'stop')).toMatchObject({
      code: 0,
      stdout: `${path} was not running\n`,
    });
  });

  test('kills a daemon that ignores SIGTERM after the timeout', async ({ scene }) => {
    const pid = await startDaemon(scene, line, 'stubborn');
    const answer = await steer(scene, 'stop', '--timeout', '300ms');
    expect(answer).toMatchObject({
      code: 0,
      stdout: `${scene.path('pid')} had to be killed, pid ${pid}; it has left its pid file, which hinders no start\n`,
    });
    expect(scene.read('pid')).toBe(`${pid}\n`);
    expect(isAlive(pid)).toBe(false);
  });

  for (const number of ['5', '1500', '1.5', '-1'])
    test(`takes no time without a unit: ${number}`, async ({ scene }) => {
      const pid = await startDaemon(scene, line);
      expect(await steer(scene, 'stop', '-t', number)).toEqual({
        code: 2,
        signal: null,
        stdout: '',
        stderr: `tsdaemon: ERR_DAEMON_OPTION: Expected --timeout to be a time with its unit, as 5s or 5000ms, got '${number}'\n`,
      });
      expect(isAlive(pid)).toBe(true);
    });

  test('is 2 when the daemon does not end and is not to be killed', async ({ scene }) => {
    const pid = await startDaemon(scene, line, 'stubborn');
    const answer = await steer(scene, 'stop', '--timeout', '300ms', '--no-kill');
    expect(answer).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `tsdaemon: ERR_DAEMON_ALIVE: the daemon ${pid} has not ended 300 ms after SIGTERM; see what it waits for\n`,
    });
    expect(isAlive(pid)).toBe(true);
  });

  test('takes another signal', async ({ scene }) => {
    await startDaemon(scene, line, 'stubborn');
    expect(await steer(scene, 'stop', '--signal', 'int')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('has ended'),
    });
  });

  test('leaves a stranger alone whose pid a dead daemon had', async ({ scene }) => {
    const pid = await stranger(scene);
    writeFileSync(scene.path('pid'), `${pid}\n`);
    expect(await steer(scene, 'stop')).toMatchObject({
      code: 0,
      stdout: `${scene.path('pid')} was not running\n`,
    });
    expect(isAlive(pid)).toBe(true);
  });

  test('refuses when the lock is not held by whom the file names', async ({ scene }) => {
    const named = await stranger(scene);
    scene.launch({
      line,
      through: ['flock', '--no-fork', '--exclusive', scene.path('pid')],
      program: 'cli-holder.cjs',
      args: [scene.path('pid'), 'other', String(named)],
    });
    const { pid } = await scene.report<{ pid: number }>('holder');
    const { code, stdout, stderr } = await steer(scene, 'stop');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^tsdaemon: ERR_DAEMON_FOREIGN: .*process ${named} .*\\n$`));
    expect([isAlive(pid), isAlive(named)]).toEqual([true, true]);
  });
});

describe('tsdaemon signal, reload and reopen', () => {
  test('send what they say', async ({ scene }) => {
    const pid = await startDaemon(scene, line);
    let hangups = 0;
    for (const args of [
      ['reload'],
      ['reopen'],
      ['signal', 'HUP'],
      ['signal', 'sighup'],
      ['signal', '1'],
    ]) {
      const [command = '', ...rest] = args;
      const answer = await steer(scene, command, ...rest);
      expect(answer).toEqual({
        code: 0,
        signal: null,
        stdout: `${scene.path('pid')} was sent SIGHUP, pid ${pid}\n`,
        stderr: '',
      });
      hangups += 1;
      await scene.until(`SIGHUP number ${hangups}`, () =>
        scene.read('log').includes(`hangup ${hangups}\n`),
      );
    }
  });

  test('let the daemon open its log anew', async ({ scene }) => {
    const args = [
      '--pid-file',
      scene.path('pid'),
      '--log',
      scene.path('log'),
      'fixtures/cli-main.cjs',
    ];
    await run(scene, 'start', ...args);
    rmSync(scene.path('log'));
    expect(await steer(scene, 'reopen')).toMatchObject({ code: 0 });
    await scene.until('the new log', () => scene.read('log') === '');
  });

  for (const args of [['reload'], ['reopen'], ['signal', 'TERM']]) {
    test(`are 7 when there is no daemon: ${args.join(' ')}`, async ({ scene }) => {
      const [command = '', ...rest] = args;
      expect(await steer(scene, command, ...rest)).toEqual({
        code: 7,
        signal: null,
        stdout: '',
        stderr: `tsdaemon: ERR_DAEMON_NOT_RUNNING: the daemon of ${scene.path('pid')} does not run; start it first\n`,
      });
    });
  }

  test('refuse a signal that there is not', async ({ scene }) => {
    const { code, stderr } = await steer(scene, 'signal', 'HUPP');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^tsdaemon: ERR_DAEMON_OPTION: .*got 'SIGHUPP'; did you mean 'SIGHUP'\?\n$/,
    );
  });
});

describe('tsdaemon restart', () => {
  for (const strategy of ['fork', 'exec']) {
    test(`ends the old daemon and starts the new one, by ${strategy}`, async ({ scene }) => {
      const old = await startDaemon(scene, line, 'slow');
      const args = ['--strategy', strategy, 'fixtures/cli-daemon.cjs', 'willing', 'again'];
      const answer = await steer(scene, 'restart', '--log', scene.path('log'), ...args);
      expect(answer).toEqual({
        code: 0,
        signal: null,
        stdout: `${scene.path('pid')} has ended, pid ${old}\n`,
        stderr: '',
      });
      const { pid } = await scene.report<{ pid: number }>('again');
      expect([isAlive(old), isAlive(pid)]).toEqual([false, true]);
      expect(scene.read('pid')).toBe(`${pid}\n`);
    });
  }

  test('starts one that did not run', async ({ scene }) => {
    const answer = await steer(scene, 'restart', 'fixtures/cli-daemon.cjs');
    expect(answer).toMatchObject({ code: 0, stdout: `${scene.path('pid')} was not running\n` });
    expect(await steer(scene, 'status')).toMatchObject({ code: 0 });
  });

  const mistakes = [
    { title: 'a script that is not there', args: ['nothing.js'], code: 2 },
    { title: 'a wrong option', args: ['--umask', '999', 'fixtures/cli-daemon.cjs'], code: 2 },
    { title: 'no script', args: [], code: 2 },
  ];

  for (const { title, args, code } of mistakes) {
    test(`does not end the old one for ${title}`, async ({ scene }) => {
      const old = await startDaemon(scene, line);
      expect(await steer(scene, 'restart', ...args)).toMatchObject({ code, stdout: '' });
      expect(isAlive(old)).toBe(true);
    });
  }

  test('starts nothing when the old one does not end', async ({ scene }) => {
    const old = await startDaemon(scene, line, 'stubborn');
    const args = ['--timeout', '200ms', '--no-kill', 'fixtures/cli-daemon.cjs'];
    expect(await steer(scene, 'restart', ...args)).toMatchObject({ code: 2, stdout: '' });
    expect(isAlive(old)).toBe(true);
  });

  test('is told of which daemon', async ({ scene }) => {
    expect(await run(scene, 'restart', 'fixtures/cli-daemon.cjs')).toMatchObject({
      code: 2,
      stderr:
        'tsdaemon: ERR_DAEMON_OPTION: Which daemon? Give its --name, or its --pid-file, before the script\n',
    });
  });
});

describe('tsdaemon logs', () => {
  test('shows the end of what the daemon writes to', async ({ scene }) => {
    await startDaemon(scene, line);
    appendFileSync(scene.path('log'), Array.from({ length: 50 }, (_, n) => `line ${n}\n`).join(''));
    const last = (count: number) =>
      Array.from({ length: count }, (_, n) => `line ${50 - count + n}\n`).join('');
    expect(await steer(scene, 'logs')).toEqual({
      code: 0,
      signal: null,
      stdout: last(20),
      stderr: '',
    });
    expect(await steer(scene, 'logs', '-n', '3')).toMatchObject({ code: 0, stdout: last(3) });
  });

  test('follows it through a rotation, until Ctrl-C', async ({ scene }) => {
    await startDaemon(scene, line);
    const following = startTsdaemon(scene, line, ['logs', '-f', '--pid-file', scene.path('pid')]);
    await scene.until('what is in the log', () => following.stdout === 'up\n');
    renameSync(scene.path('log'), scene.path('log.1'));
    writeFileSync(scene.path('log'), 'rotated\n');
    await scene.until(
      'what is written to the new log',
      () => following.stdout.includes('rotated'),
      {
        diagnose: () => `it shows ${JSON.stringify(following.stdout + following.stderr)}`,
      },
    );
    await following.kill('SIGTERM');
    expect(await following.end()).toEqual({ code: 143, signal: null });
    await following.allEnded();
  });

  test('is 7 when nobody knows where the log is, or there is none', async ({ scene }) => {
    const says = async (words: RegExp, ...args: string[]) => {
      const { code, stdout, stderr } = await tsdaemon(scene, openToAll(scene, line), args, {
        env: { XDG_RUNTIME_DIR: scene.dir, XDG_STATE_HOME: scene.dir },
        through: asOrdinaryUser,
      });
      expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_NO_LOG: [^\n]+\n$/);
      expect(stderr).toMatch(words);
    };
    const path = scene.path('pid');
    await says(/pid does not run, and a pid file does not tell /, 'logs', '--pid-file', path);
    await says(/: no daemon nosuch runs, and there is no \/.*nosuch\.log; /, 'logs', 'nosuch');
  });

  test('is 7 when the daemon has none, or has it no more', async ({ scene }) => {
    const pid = await startDaemon(scene, line);
    rmSync(scene.path('log'));
    expect(await steer(scene, 'logs')).toMatchObject({
      code: 7,
      stdout: '',
      stderr: expect.stringMatching(/^tsdaemon: ERR_DAEMON_NO_LOG: .*log has been removed; .*\n$/),
    });
    await steer(scene, 'stop');
    await scene.gone(pid);
    await run(
      scene,
      'start',
      '--pid-file',
      scene.path('pid'),
      'fixtures/cli-daemon.cjs',
      'willing',
      'mute',
    );
    const mute = await scene.report<{ pid: number }>('mute');
    expect(await steer(scene, 'logs')).toMatchObject({
      code: 7,
      stdout: '',
      stderr: `tsdaemon: ERR_DAEMON_NO_LOG: the daemon ${mute.pid} writes to no file; start it with --log\n`,
    });
  });

  test('is told how many lines', async ({ scene }) => {
    expect(await steer(scene, 'logs', '-n', 'all')).toMatchObject({
      code: 2,
      stderr: "tsdaemon: ERR_DAEMON_OPTION: Expected a number of lines, got 'all'\n",
    });
  });
});

describe('a name', () => {
  /** Its places are those of the user: the scene's own. */
  test('is enough for every command of an ordinary user, and list shows it', async ({ scene }) => {
    const user = openToAll(scene, line);
    const env = { XDG_RUNTIME_DIR: scene.path('run'), XDG_STATE_HOME: scene.path('state') };
    const as = (...args: string[]) => tsdaemon(scene, user, args, { env, through: asOrdinaryUser });
    mkdirSync(scene.path('run'));
    chmodSync(scene.path('run'), 0o777);

    expect(await as('list')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(await as('start', '--name', 'api', 'fixtures/cli-daemon.cjs')).toMatchObject({
      code: 0,
      stderr: '',
    });
    const { pid } = await scene.report<{ pid: number }>('up');
    expect(scene.read('run/api.pid')).toBe(`${pid}\n`);
    expect(await as('status', 'api')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^api is running, pid/),
    });
    expect(await as('status', '--name', 'api')).toMatchObject({ code: 0 });
    expect(await as('status', '--name=api', '--json')).toMatchObject({ code: 0 });
    expect(await as('reload', 'api')).toMatchObject({
      code: 0,
      stdout: `api was sent SIGHUP, pid ${pid}\n`,
    });
    expect(await as('logs', 'api')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^up\n/),
    });

    // What others leave in the same place.
    writeFileSync(scene.path('run/other.pid'), '5000000\n');
    writeFileSync(scene.path('run/notes.txt'), '');
    const entry = { name: 'api', state: 'running', pid, pidFile: scene.path('run/api.pid') };
    expect(JSON.parse((await as('list', '--json')).stdout)).toEqual([
      {
        ...entry,
        uptime: expect.any(Number),
        memory: expect.any(Number),
        log: scene.path('state/api.log'),
      },
    ]);
    const shown = (await as('list')).stdout.split('\n');
    expect(shown[0]).toMatch(/^NAME {2}PID +STATE +UPTIME +MEMORY +LOG$/);
    expect(shown[1]).toMatch(
      new RegExp(`^api   ${pid} +running +\\d+ s +\\d+ MB +${scene.path('state/api.log')}$`),
    );
    expect(shown).toHaveLength(3);
    expect((await as('list', '--all')).stdout).toMatch(/^other +5000000 +dead +- +- +-$/m);

    expect(
      await as('restart', '--name', 'api', 'fixtures/cli-daemon.cjs', 'willing', 'again'),
    ).toMatchObject({ code: 0 });
    expect(await as('stop', 'api')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^api has ended, pid \d+\n$/),
    });
    // Where it was looked for, and its last words.
    const where = `there is no ${scene.path('run/api.pid')}; its log is ${scene.path('state/api.log')}`;
    expect(await as('status', 'api')).toMatchObject({
      code: 3,
      stdout: `api is not running: ${where}\n`,
    });
    expect(await as('stop', 'api')).toMatchObject({
      code: 0,
      stdout: `api was not running: ${where}\n`,
    });
    writeFileSync(scene.path('run/api.pid'), '');
    expect(await as('status', 'api')).toMatchObject({
      code: 3,
      stdout: `api is not running: ${scene.path('run/api.pid')} is not locked; its log is ${scene.path('state/api.log')}\n`,
    });
    writeFileSync(scene.path('run/api.pid'), '5000000\n');
    expect(await as('status', 'api')).toMatchObject({
      code: 1,
      stdout: `api is dead: its process 5000000 is gone, its pid file ${scene.path('run/api.pid')} is still there; its log is ${scene.path('state/api.log')}\n`,
    });
    // One that nobody has ever started.
    const none = `no daemon has the name app.js: there is no ${scene.path('run/app.js.pid')}\n`;
    expect(await as('status', 'app.js')).toMatchObject({ code: 3, stdout: none });
    expect(await as('stop', 'app.js')).toMatchObject({ code: 0, stdout: none });
    expect(await as('logs', 'api')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^up\n/),
    });
  });

  test('is one that can be part of a path', async ({ scene }) => {
    const { code, stderr } = await run(scene, 'status', '../api');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^tsdaemon: ERR_DAEMON_OPTION: Expected the name to be letters, .*, got '\.\.\/api'\n$/,
    );
  });
});

/** What root's daemons are to others; without root there are no others. */
for (const through of process.getuid?.() === 0 ? [asOrdinaryUser] : []) {
  describe('without rights', () => {
    test('a daemon of root is seen, but its end and its signals are 4', async ({ scene }) => {
      const pid = await startDaemon(scene, line);
      const user = openToAll(scene, line);
      const as = (...args: string[]) =>
        tsdaemon(scene, user, [...args, '--pid-file', scene.path('pid')], { through });
      expect(await as('status')).toMatchObject({ code: 0, stderr: '' });
      for (const args of [['stop'], ['reload'], ['signal', 'KILL']]) {
        const { code, stdout, stderr } = await as(...args);
        expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
        expect(stderr).toMatch(
          /^tsdaemon: ERR_DAEMON_SIGNAL: cannot send SIG\w+ to the daemon \d+: .*\(EPERM\); do it as .*\n$/,
        );
      }
      expect(isAlive(pid)).toBe(true);
    });

    test('its log is 4, which is not to say that it does not run', async ({ scene }) => {
      const pid = await startDaemon(scene, line);
      const user = openToAll(scene, line);
      const env = { XDG_RUNTIME_DIR: scene.dir, XDG_STATE_HOME: scene.dir };
      const args = ['logs', '--pid-file', scene.path('pid')];
      expect(await tsdaemon(scene, user, args, { through, env })).toEqual({
        code: 4,
        signal: null,
        stdout: '',
        stderr: `tsdaemon: ERR_DAEMON_NO_LOG: the log of the daemon ${pid} may not be seen: permission denied (EACCES); do it as its user, or as root\n`,
      });
      writeFileSync(scene.path('log.log'), 'hidden\n', { mode: 0o600 });
      expect(await tsdaemon(scene, user, ['logs', 'log'], { through, env })).toMatchObject({
        code: 4,
        stdout: '',
        stderr: `tsdaemon: ERR_DAEMON_NO_LOG: the log ${scene.path('log.log')} may not be read: permission denied (EACCES); do it as its user, or as root\n`,
      });
    });

    test('a pid file that cannot be written is 4', async ({ scene }) => {
      const user = openToAll(scene, line);
      mkdirSync(scene.path('closed'), { mode: 0o755 });
      const args = [
        'start',
        '--pid-file',
        join(scene.path('closed'), 'pid'),
        'fixtures/cli-daemon.cjs',
      ];
      const { code, stderr } = await tsdaemon(scene, user, args, { through });
      expect(code).toBe(4);
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_PID_FILE: .*\(EACCES\).*\n$/);
    });
  });
}
