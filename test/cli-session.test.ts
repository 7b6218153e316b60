import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { anyLine, cli } from './helpers/cli.ts';
import { Terminal } from './helpers/pty.ts';
import { test } from './helpers/test.ts';

/** What a user types, one after the other, and what is shown then. */
const session: { type: string; shows: RegExp; status?: number }[] = [
  { type: 'tsdaemon --version', shows: /^\d+\.\d+\.\d+$/m },
  {
    type: 'tsdaemon --help',
    shows: /Usage: tsdaemon .*Commands:.*start .*stop .*restart .*status .*list.*logs /s,
  },
  {
    type: 'tsdaemon help start',
    shows: /Usage: tsdaemon start .*--pid-file <path>.*Exit status:/s,
  },
  { type: 'tsdaemon status $api', shows: /pid is not running$/m, status: 3 },
  { type: 'tsdaemon stop $api', shows: /pid was not running$/m },
  { type: 'tsdaemon reload $api', shows: /^tsdaemon: ERR_DAEMON_NOT_RUNNING: /m, status: 7 },
  {
    type: 'tsdaemon start $api app.js',
    shows: /^tsdaemon: ERR_DAEMON_SCRIPT: there is no script .*app\.js/m,
    status: 2,
  },
  {
    type: 'tsdaemon start $api --log log fixtures/cli-daemon.cjs',
    shows: /cli-daemon\.cjs is running, pid \d+$/m,
  },
  {
    type: 'tsdaemon start $api fixtures/cli-daemon.cjs',
    shows: /^tsdaemon: ERR_DAEMON_RUNNING: .*process \d+/m,
    status: 3,
  },
  { type: 'tsdaemon status $api', shows: /pid is running, pid \d+, for \d+ s$/m },
  {
    type: 'tsdaemon status $api --json',
    shows: /^\{"state":"running","pid":\d+,"uptime":\d+,"pidFile":"\/.*pid"\}$/m,
  },
  { type: 'tsdaemon logs $api', shows: /^up$/m },
  { type: 'tsdaemon signal $api HUP', shows: /pid was sent SIGHUP, pid \d+$/m },
  { type: 'tsdaemon reload $api', shows: /pid was sent SIGHUP, pid \d+$/m },
  { type: 'tsdaemon reopen $api', shows: /pid was sent SIGHUP, pid \d+$/m },
  {
    type: 'tsdaemon signal $api HUPP',
    shows: /^tsdaemon: ERR_DAEMON_OPTION: .*did you mean 'SIGHUP'\?$/m,
    status: 2,
  },
  {
    type: 'tsdaemon restart $api fixtures/cli-daemon.cjs slow',
    shows: /pid has ended, pid \d+.*cli-daemon\.cjs is running, pid \d+$/ms,
  },
  { type: 'tsdaemon stop $api', shows: /stopping .*pid has ended, pid \d+$/ms },
  { type: 'tsdaemon status $api', shows: /pid is not running$/m, status: 3 },
  { type: 'tsdaemon list', shows: /^/ },
  {
    type: 'tsdaemon unit --name api fixtures/cli-daemon.cjs | head -2',
    shows: /^\[Unit\]\nDescription=api$/m,
  },
  { type: 'tsdaemon completion bash | head -1', shows: /bash completion for tsdaemon/ },
  {
    type: 'tsdaemon statsu',
    shows: /unknown command 'statsu' \(Did you mean status\?\)/,
    status: 2,
  },
];

describe('a session', () => {
  test('in a terminal goes through every command as a user would', async ({ scene }) => {
    writeFileSync(
      scene.path('session.sh'),
      [
        'tsdaemon() { "$node" "$cli" "$@"; }',
        'api="--pid-file $TEST_DIR/pid"',
        ...session.map(
          ({ type }) => `echo '$ ${type.replaceAll("'", "'\\''")}'; ${type}; echo "status $?"`,
        ),
      ].join('\n'),
    );
    const terminal = new Terminal(scene, `node=$1; cli=$2; . ${scene.path('session.sh')}`, {
      line: anyLine,
      args: [cli(scene)],
      env: { NO_COLOR: '1', TERM: 'xterm' },
    });
    expect(await terminal.ended()).toBe(0);

    const parts = terminal.shown.replaceAll('\r', '').split(/^\$ /m).slice(1);
    expect(parts.map((part) => part.split('\n')[0])).toEqual(session.map(({ type }) => type));
    for (const [n, { shows, status = 0 }] of session.entries()) {
      const part = parts[n] ?? '';
      expect(part.slice(part.indexOf('\n') + 1)).toMatch(shows);
      expect(part).toMatch(new RegExp(`\\nstatus ${status}\\n$`));
    }
  });
});
