import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { anyLine, cli, startDaemon, tsdaemon } from './helpers/cli.ts';
import { nodesOf } from './helpers/daemons.ts';
import { lines } from './helpers/lines.ts';
import { isAlive, stat } from './helpers/proc.mjs';
import type { Self } from './helpers/report.ts';
import { test } from './helpers/test.ts';

interface Main extends Self {
  isMain: boolean;
  file: string;
}

interface Descendant {
  pid: number;
  argv: string[];
  execArgv: string[];
  isDaemon: boolean;
}

/** The first line that strips types by itself. */
const stripping = 24;

for (const line of lines) {
  describe(`tsdaemon start on Node ${line.major}`, () => {
    const mains = [
      'cli-main.cjs',
      'cli-main.mjs',
      'cli-main',
      ...(line.major >= stripping ? ['cli-main.ts'] : []),
    ];

    for (const file of mains) {
      test(`runs ${file} as Node would, and comes back when it is loaded`, async ({ scene }) => {
        const args = [
          'start',
          '--log',
          scene.path('log'),
          `fixtures/${file}`,
          '--',
          '--port',
          '80',
          '-d',
        ];
        const answer = await tsdaemon(scene, line, args);
        expect(answer).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });

        const path = join(scene.root, 'fixtures', file);
        const main = JSON.parse(scene.read('main.json')) as Main;
        expect(main).toMatchObject({
          isMain: true,
          file: path,
          isDaemon: true,
          execArgv: [],
          cwd: '/',
        });
        expect(main.argv).toEqual([line.execPath, path, '--', '--port', '80', '-d']);
        expect(Object.keys(main.environment).filter((name) => name.startsWith('TSDAEMON'))).toEqual(
          [],
        );
        expect(stat(main.pid)?.tty).toBe(0);
        expect(nodesOf(scene)).toEqual([main.pid]);
      });
    }

    for (const strategy of ['fork', 'exec']) {
      test(`takes every option of the library, with the ${strategy} strategy too`, async ({
        scene,
      }) => {
        const answer = await tsdaemon(
          scene,
          line,
          [
            ...[
              'start',
              '--strategy',
              strategy,
              '--pid-file',
              'pid',
              '--log',
              'log',
              '--cwd',
              'keep',
            ],
            ...[
              '--umask',
              '027',
              '--env',
              'KEPT=as it was',
              '--env',
              'MORE=a=b',
              '--limits',
              'nofile=300,core=0',
            ],
            ...['--ready-timeout', '30s', '--nice', '3', `${scene.root}/fixtures/cli-main.cjs`],
          ],
          { cwd: scene.dir },
        );
        expect(answer).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
        const main = await scene.report<Main & { environment: { MORE?: string } }>('main');
        expect(main).toMatchObject({
          cwd: scene.dir,
          umask: 0o027,
          environment: { KEPT: 'as it was', MORE: 'a=b' },
        });
        expect(scene.read('pid')).toBe(`${main.pid}\n`);
        expect(main.descriptors).toMatchObject({ 1: scene.path('log'), 2: scene.path('log') });
        expect(nodesOf(scene)).toEqual([main.pid]);
      });
    }

    for (const file of ['cli-failing.cjs', 'cli-failing.mjs']) {
      test(`tells the error that ${file} throws, and its status`, async ({ scene }) => {
        const answer = await tsdaemon(scene, line, [
          'start',
          '--log',
          scene.path('log'),
          `fixtures/${file}`,
        ]);
        expect(answer).toMatchObject({ code: 1, signal: null, stdout: '' });
        expect(answer.stderr).toMatch(/Error: nobody catches this\n {4}at .*cli-failing/);
        expect(answer.stderr).toMatch(
          /^tsdaemon: ERR_DAEMON_EXITED: the daemon \d+ exited with 1 before it was ready; see .*log$/m,
        );
        await scene.nothingLeft();
      });
    }

    test('leaves nothing of itself to descendants of the daemon', async ({ scene }) => {
      const script = `${scene.root}/fixtures/cli-descendants.cjs`;
      const answer = await tsdaemon(scene, line, [
        'start',
        '--log',
        scene.path('log'),
        script,
        'an argument',
      ]);
      expect(answer).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
      const { pid } = await scene.report<Descendant>('daemon');
      for (const [kind, args] of [
        ['cluster', ['an argument']],
        ['fork', ['of', 'fork']],
        ['worker', []],
      ] as const) {
        const descendant = await scene.report<Descendant>(kind);
        expect(descendant).toMatchObject({
          argv: [line.execPath, script, ...args],
          execArgv: [],
          isDaemon: false,
        });
        expect(descendant.pid === pid).toBe(kind === 'worker');
      }
    });

    test('refuses a second one with 3, unless that is all right', async ({ scene }) => {
      const pid = await startDaemon(scene, line);
      const again = ['start', '--pid-file', scene.path('pid'), 'fixtures/cli-daemon.cjs'];
      const refused = await tsdaemon(scene, line, again);
      expect(refused).toMatchObject({ code: 3, stdout: '' });
      expect(refused.stderr).toMatch(
        new RegExp(`^tsdaemon: ERR_DAEMON_RUNNING: .* ${pid}, .*\\n$`),
      );
      const settled = await tsdaemon(scene, line, [
        'start',
        '--if-running',
        'ok',
        ...again.slice(1),
      ]);
      expect(settled).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
      expect(isAlive(pid)).toBe(true);
    });
  });
}

const line = anyLine;

describe('tsdaemon start', () => {
  const failures = [
    {
      title: 'a directory that there is not',
      args: ['--cwd', '/nowhere', 'fixtures/cli-main.cjs'],
      code: 1,
      says: /^tsdaemon: ERR_DAEMON_CHDIR: .*; name an existing one as --cwd\n$/,
    },
    {
      title: 'a time that is over',
      args: ['--ready', 'listening', '--ready-timeout', '1s', 'fixtures/cli-daemon.cjs'],
      code: 124,
      says: /^tsdaemon: ERR_DAEMON_LATE: .* no server listened within 1000 ms; raise --ready-timeout\n$/m,
    },
    {
      title: 'a script that does not end in time',
      args: ['--ready-timeout', '1s', 'fixtures/endless.mjs'],
      code: 124,
      says: /^tsdaemon: ERR_DAEMON_LATE: .* its main module had not finished within 1000 ms; .*\n$/m,
    },
    {
      title: 'a script that only ends',
      args: ['--ready', 'listening', 'fixtures/lib/report.cjs'],
      code: 1,
      says: /^tsdaemon: the daemon ends by itself: it has nothing left to do\ntsdaemon: ERR_DAEMON_EXITED: .* exited with 0 .*; give it a --log to keep what it says\n$/m,
    },
  ];

  for (const { title, args, code, says } of failures)
    test(`speaks of its own options where they help: ${title}`, async ({ scene }) => {
      const answer = await tsdaemon(scene, line, ['start', ...args]);
      expect(answer).toMatchObject({ code, stdout: '' });
      expect(answer.stderr).toMatch(says);
    });

  test('takes what is not given from the environment', async ({ scene }) => {
    const env = {
      TSDAEMON_LOG: scene.path('log'),
      TSDAEMON_UMASK: '077',
      TSDAEMON_PID_FILE: scene.path('pid'),
    };
    const answer = await tsdaemon(
      scene,
      line,
      ['start', '--umask', '007', 'fixtures/cli-main.cjs'],
      { env },
    );
    expect(answer).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    const main = await scene.report<Main>('main');
    expect(main).toMatchObject({ umask: 0o007, descriptors: { 1: scene.path('log') } });
    const status = await tsdaemon(scene, line, ['status', '--json'], { env });
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'running', pid: main.pid });
  });

  test('stays in the foreground when asked to, whatever the variable says, and ends as the script does', async ({
    scene,
  }) => {
    const launch = scene.launch({
      line,
      env: { TSDAEMON_FOREGROUND: '0' },
      args: [
        cli(scene),
        'start',
        '--foreground',
        '--pid-file',
        scene.path('pid'),
        'fixtures/cli-daemon.cjs',
      ],
    });
    const { pid } = await scene.report<{ pid: number }>('up');
    expect(pid).toBe(await launch.started);
    const status = await tsdaemon(scene, line, ['status', '--pid-file', scene.path('pid')]);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    const stop = await tsdaemon(scene, line, ['stop', '--pid-file', scene.path('pid')]);
    expect(stop).toMatchObject({ code: 0, stdout: `${scene.path('pid')} has ended, pid ${pid}\n` });
    expect(await launch.end()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  const refusals: { title: string; args: string[]; says: RegExp }[] = [
    {
      title: 'a script that is not there',
      args: ['nothing.js'],
      says: /ERR_DAEMON_SCRIPT: there is no script \/.*nothing\.js; /,
    },
    {
      title: 'no script',
      args: [],
      says: /ERR_DAEMON_OPTION: missing required argument 'script'; see "tsdaemon start --help"/,
    },
    {
      title: 'an unknown option',
      args: ['--nmae', 'x', 'a.js'],
      says: /unknown option '--nmae' \(Did you mean --name\?\); /,
    },
    {
      title: 'a choice that there is not',
      args: ['--ready', 'manual', 'a.js'],
      says: /argument 'manual' is invalid\. Allowed choices are loaded, /,
    },
    {
      title: 'a wrong value',
      args: ['--umask', '999', 'fixtures/cli-main.cjs'],
      says: /Expected --umask to be an octal number .*, got '999'/,
    },
    {
      title: 'a wrong time',
      args: ['--ready-timeout', 'soon', 'fixtures/cli-main.cjs'],
      says: /Expected --ready-timeout to be a time .*, got 'soon'/,
    },
    ...['--ready-timeout', '--shutdown-timeout'].map((flag) => ({
      title: `a time without a unit for ${flag}`,
      args: [flag, '90', 'fixtures/cli-main.cjs'],
      says: new RegExp(`Expected ${flag} to be a time .* 5s or 5000ms, got '90'`),
    })),
    {
      title: 'a limit that there is not',
      args: ['--limits', 'files=3', 'fixtures/cli-main.cjs'],
      says: /Expected --limits to be whole numbers for nofile and core, .*, got 'files=3'/,
    },
    {
      title: 'a number that is none',
      args: ['--nice', 'very', 'fixtures/cli-main.cjs'],
      says: /Expected --nice to be an integer .*, got 'very'/,
    },
    {
      title: 'a variable without value',
      args: ['--env', 'X', 'fixtures/cli-main.cjs'],
      says: /Expected --env to be NAME=VALUE, got 'X'/,
    },
  ];

  for (const { title, args, says } of refusals) {
    test(`refuses ${title} in one line, with status 2`, async ({ scene }) => {
      const { code, stdout, stderr } = await tsdaemon(scene, line, ['start', ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_\w+: [^\n]*\n$/);
    });
  }
});
