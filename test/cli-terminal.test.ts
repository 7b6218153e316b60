import { describe, expect } from 'vitest';
import { anyLine, cli, startDaemon, startTsdaemon, tsdaemon } from './helpers/cli.ts';
import { Terminal } from './helpers/pty.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

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

  test('nobody needs to read it', async ({ scene }) => {
    const through = ['sh', '-c', '"$@" | exec true', 'sh'];
    const args = ['status', '--pid-file', scene.path('pid')];
    expect(await tsdaemon(scene, line, args, { through })).toMatchObject({ code: 0, stderr: '' });
  });
});
