import { describe, expect } from 'vitest';
import { anyLine, cli, startDaemon, startTsdaemon, tsdaemon } from './helpers/cli.ts';
import { Terminal } from './helpers/pty.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

const line = anyLine;

const green = '\x1b[32mrunning\x1b[0m';

/** A pattern in which CLEAR is what clears the line, GREEN is "running" in green, and SPIN is what spins. */
const pattern = (text: string): RegExp =>
  new RegExp(
    text
      .replaceAll('CLEAR', '\r\x1b\\[K')
      .replaceAll('GREEN', green.replaceAll('[', '\\['))
      .replaceAll('SPIN', '[|/\\\\-]'),
  );

/** A terminal with one command in it, and then its status. */
function terminal(scene: Scene, args: string[], env: Record<string, string> = {}): Terminal {
  const options = {
    line,
    args: [cli(scene), ...args],
    env: { TERM: 'xterm', NO_COLOR: '', ...env },
  };
  return new Terminal(scene, '"$@"; echo "status $?"', options);
}

describe('at a terminal', () => {
  test('start shows that it waits and for how long, what the daemon says, and that it runs', async ({
    scene,
  }) => {
    const places = ['--pid-file', scene.path('pid'), '--log', scene.path('log')];
    const shell = terminal(scene, ['start', ...places, 'fixtures/cli-slow.mjs']);
    await shell.shows(pattern('warming up\r\n'));
    await shell.shows(pattern('CLEARSPIN starting cli-slow\\.mjs\r'));
    await shell.shows(pattern('CLEARSPIN starting cli-slow\\.mjs, 1 s'));
    await shell.shows(pattern('CLEARwarm\r\n'));
    // Nothing of it stays: what is last is whole, and none of it is in the log.
    await shell.shows(pattern('\ncli-slow\\.mjs is GREEN, pid \\d+\r\nstatus 0\r\n$'));
    expect(scene.read('log')).toBe('warming up\nwarm\n');
  });

  test('a start that fails leaves no half line', async ({ scene }) => {
    const places = ['--log', scene.path('log'), '--ready-timeout', '500ms'];
    const shell = terminal(scene, ['start', ...places, 'fixtures/cli-slow.mjs']);
    await shell.shows(pattern('CLEARtsdaemon: ERR_DAEMON_LATE: [^\r]*\r\nstatus 124\r\n$'));
  });

  test('a start without name and pid file says how it is ended', async ({ scene }) => {
    const shell = terminal(scene, ['start', '--log', scene.path('log'), 'fixtures/cli-daemon.cjs']);
    const how =
      'js is GREEN, pid (\\d+); it has no --name: end it with "kill \\1"\r\nstatus 0\r\n$';
    await shell.shows(pattern(how));
  });

  test("an option that stands after the script is said to be the script's", async ({ scene }) => {
    const script = 'fixtures/cli-daemon.cjs';
    const late = ['willing', 'up', `--pid-file=${scene.path('pid')}`, '--port', '80'];
    const warning = 'tsdaemon: --pid-file is given to fixtures/cli-daemon\\.cjs, since .*\r\n';
    await terminal(scene, ['start', script, ...late]).shows(pattern(`^${warning}[^\n]* is GREEN`));
    for (const args of [
      ['--', script, ...late],
      ['--log', scene.path('log'), script, ...late],
      [script, 'willing', 'up', '--', ...late],
    ])
      await terminal(scene, ['start', ...args]).shows(pattern('^(?!tsdaemon)[^\n]* is GREEN'));
  });

  test('list says that there are none', async ({ scene }) => {
    const options = {
      line: openToAll(scene, line),
      args: [cli(scene), 'list'],
      env: { TERM: 'xterm', NO_COLOR: '1', XDG_RUNTIME_DIR: scene.dir },
      through: asOrdinaryUser,
    };
    await new Terminal(scene, '"$@"; echo "status $?"', options).shows(
      /^no daemons\r\nstatus 0\r\n$/,
    );
  });

  test('stop shows that it waits', async ({ scene }) => {
    await startDaemon(scene, line, 'slow');
    const shell = terminal(scene, ['stop', '--pid-file', scene.path('pid')]);
    await shell.shows(pattern('CLEARSPIN stopping \\S*pid\r'));
    await shell.shows(pattern('CLEAR\\S*pid has ended, pid \\d+\r\nstatus 0\r\n$'));
  });

  test('status has colours, unless they are not wanted', async ({ scene }) => {
    await startDaemon(scene, line);
    const args = ['status', '--pid-file', scene.path('pid')];
    await terminal(scene, args).shows(pattern('pid is GREEN, pid \\d+, for \\d+ s\r\nstatus 0'));
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      await terminal(scene, args, env).shows(
        pattern('pid is running, pid \\d+, for \\d+ s\r\nstatus 0'),
      );
    }
  });
});

describe('anywhere else', () => {
  test('there is nothing but the facts', async ({ scene }) => {
    const env = { TERM: 'xterm', NO_COLOR: '' };
    const places = ['--pid-file', scene.path('pid'), '--log', scene.path('log')];
    const start = await tsdaemon(scene, line, ['start', ...places, 'fixtures/cli-slow.mjs'], {
      env,
    });
    expect(start).toEqual({ code: 0, signal: null, stdout: '', stderr: 'warming up\nwarm\n' });
    const stop = await startTsdaemon(scene, line, ['stop', ...places.slice(0, 2)], {
      env,
    }).finished();
    expect(stop).toMatchObject({
      stdout: expect.stringMatching(/^\S+ has ended, pid \d+\n$/),
      stderr: '',
    });
  });

  const read = [
    ['--help'],
    ['--version'],
    ['start', '--help'],
    ['status', '--pid-file', 'none.pid'],
    ['status', '--json', '--pid-file', 'none.pid'],
    ['stop', '--pid-file', 'none.pid'],
    ['list', '--all', '--json'],
    ['unit', 'fixtures/cli-main.cjs'],
    ['completion', 'bash'],
    ['complete', '--', 'st'],
  ];
  for (const args of read)
    test(`nobody needs to read what is said: ${args.join(' ')}`, async ({ scene }) => {
      const through = ['sh', '-c', '"$@" | exec true', 'sh'];
      expect(await tsdaemon(scene, line, args, { through })).toMatchObject({ code: 0, stderr: '' });
    });
});
