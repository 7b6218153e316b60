import { describe, expect } from 'vitest';
import { anyLine, tsdaemon } from './helpers/cli.ts';
import { test } from './helpers/test.ts';

const line = anyLine;

const commands = [
  {
    command: 'start',
    says: [/Exit status: 0 ready/, /Examples?:/, /--pid-file <path>/, /--ready <when>/],
  },
  { command: 'stop', says: [/Exit status: 0 /, /--timeout <time>/, /--no-kill/] },
  { command: 'restart', says: [/Nothing is remembered of a start/, /--no-kill/, /--name <name>/] },
  { command: 'reload', says: [/SIGHUP/, /ERR_DAEMON_DEAF/, /Exit status: .*7 /] },
  { command: 'reopen', says: [/SIGHUP/, /ERR_DAEMON_DEAF/, /Exit status: .*7 /] },
  { command: 'status', says: [/Exit status: 0 .* 1 .* 3 .* 4 /, /--json/] },
  { command: 'list', says: [/--all/, /--json/] },
  { command: 'logs', says: [/--follow/, /--lines <count>/, /Exit status: .*7 /] },
  { command: 'signal', says: [/<signal>/, /Exit status: .*7 /] },
  { command: 'unit', says: [/systemctl/, /--name <name>/] },
  { command: 'completion', says: [/bash/, /fish/, /zsh/] },
];

describe('the help', () => {
  test('names every command', async ({ scene }) => {
    const { code, stdout, stderr } = await tsdaemon(scene, line, ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { command } of commands)
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b.* {2,}\\w`, 'm'));
    expect(stdout).not.toMatch(/^ {2}complete\b/m);
  });

  for (const { command, says } of commands) {
    test(`of ${command} tells what it does, each option and how it ends`, async ({ scene }) => {
      const { code, stdout, stderr } = await tsdaemon(scene, line, [command, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const pattern of says) expect(stdout).toMatch(pattern);
      const options = stdout.split('\n').filter((text) => /^ {2}-/.test(text));
      expect(options.length).toBeGreaterThan(0);
      for (const option of options)
        expect(option).toMatch(/^ {2}(-\w, )?--?[\w-]+( <[\w=]+>)? {2,}\w/);
      expect(Math.max(...stdout.split('\n').map((text) => text.length))).toBeLessThanOrEqual(120);
    });
  }

  test('is shown for no command at all, on stderr and with status 2', async ({ scene }) => {
    const { code, stdout, stderr } = await tsdaemon(scene, line, []);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: tsdaemon/);
  });

  test('is pointed at by a command that there is not', async ({ scene }) => {
    expect(await tsdaemon(scene, line, ['strat', 'app.js'])).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `tsdaemon: ERR_DAEMON_OPTION: unknown command 'strat' (Did you mean start?); see "tsdaemon --help"\n`,
    });
  });

  test('has the version', async ({ scene }) => {
    const { code, stdout } = await tsdaemon(scene, line, ['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
