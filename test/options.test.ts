import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { refused } from './fixtures/lib/options.cjs';
import { lines } from './helpers/lines.ts';
import { sharedScene, test } from './helpers/test.ts';

interface Report {
  results: { title: string; isTypeError?: boolean; code?: string; message: string }[];
  before: unknown;
  after: unknown;
  pid: number;
  daemon: number;
}

/** Variables that are refused, and what the line must name. */
const variables = [
  { env: { TSDAEMON_UMAKS: '022' }, says: ['TSDAEMON_UMAKS', 'TSDAEMON_UMASK'] },
  { env: { TSDAEMON_LOGS: '/tmp/log' }, says: ['TSDAEMON_LOGS', 'TSDAEMON_LOG'] },
  { env: { TSDAEMON_TEMPERATURE: '20' }, says: ['TSDAEMON_TEMPERATURE'] },
  { env: { TSDAEMON_UMASK: '8' }, says: ['TSDAEMON_UMASK', 'octal', "'8'"] },
  { env: { TSDAEMON_UMASK: '1000' }, says: ['TSDAEMON_UMASK', "'1000'"] },
  { env: { TSDAEMON_UMASK: '' }, says: ['TSDAEMON_UMASK', "''"] },
  { env: { TSDAEMON_UMASK: '-1' }, says: ['TSDAEMON_UMASK', "'-1'"] },
  { env: { TSDAEMON_USER: '-1' }, says: ['TSDAEMON_USER', "'-1'"] },
  { env: { TSDAEMON_USER: '4294967295' }, says: ['TSDAEMON_USER', "'4294967295'"] },
  { env: { TSDAEMON_GROUP: '-2' }, says: ['TSDAEMON_GROUP', "'-2'"] },
  { env: { TSDAEMON_GROUPS: '0,4294967295' }, says: ['TSDAEMON_GROUPS', "'0,4294967295'"] },
  { env: { TSDAEMON_CWD: '' }, says: ['TSDAEMON_CWD', "''"] },
  { env: { TSDAEMON_LOG: '' }, says: ['TSDAEMON_LOG', "''"] },
  { env: { TSDAEMON_STDIN: '' }, says: ['TSDAEMON_STDIN', "''"] },
  { env: { TSDAEMON_STDOUT: '' }, says: ['TSDAEMON_STDOUT', "''"] },
  { env: { TSDAEMON_STDERR: '' }, says: ['TSDAEMON_STDERR', "''"] },
  { env: { TSDAEMON_READY: 'soon' }, says: ['TSDAEMON_READY', "'soon'"] },
  { env: { TSDAEMON_READY: 'manual' }, says: ['TSDAEMON_READY', "'manual'"] },
  {
    env: { TSDAEMON_READY_TIMEOUT: '5s' },
    says: ['TSDAEMON_READY_TIMEOUT', 'milliseconds', "'5s'"],
  },
  { env: { TSDAEMON_READY_TIMEOUT: '-5' }, says: ['TSDAEMON_READY_TIMEOUT', "'-5'"] },
];

/** Names that are near to no other. */
const strange = [
  'TSDAEMON_FOO',
  'TSDAEMON_ENV',
  'TSDAEMON_DEBUG',
  'TSDAEMON_TIMEOUT',
  'TSDAEMON_X',
];

/** Ways to start Node without a script. */
const scriptless: { title: string; args: string[]; stdin?: string }[] = [
  { title: '-e', args: ['-e', 'setInterval(() => undefined, 1000)'] },
  { title: '--eval=', args: ['--eval=setInterval(() => undefined, 1000)'] },
  { title: '-p', args: ['-p', '1'] },
  { title: '-pe', args: ['-pe', '1'] },
  { title: '-i', args: ['-i'] },
  { title: '--check', args: ['--check', 'fixtures/self.cjs'] },
  { title: '-c', args: ['-c', 'fixtures/self.cjs'] },
  { title: '--test', args: ['--test', 'fixtures/self.cjs'] },
  { title: 'a script on stdin', args: [], stdin: 'setInterval(() => undefined, 1000)' },
  {
    title: 'a script on stdin, named by a dash',
    args: ['-'],
    stdin: 'setInterval(() => undefined, 1000)',
  },
];

for (const line of lines) {
  describe(`daemonize() on Node ${line.major}`, () => {
    const asked = sharedScene(async (scene) => {
      const launch = scene.launch({ line, program: 'options.cjs' });
      return { finished: await launch.finished(), report: await scene.report<Report>('options') };
    });

    for (const { title, says, error } of refused) {
      const kind = error.isTypeError ? 'a TypeError' : 'an error';
      test(`refuses ${title} with ${kind} that says why`, () => {
        const result = asked().report.results.find((one) => one.title === title);
        expect(result).toMatchObject(error);
        for (const words of says) expect(result?.message).toContain(words);
        expect(result?.message.length).toBeLessThan(400);
      });
    }

    test('has changed nothing before it is called rightly, and then works', () => {
      const { report, finished } = asked();
      expect(report.after).toEqual(report.before);
      expect(report.daemon).not.toBe(report.pid);
      expect(finished).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    });
  });

  describe(`early on Node ${line.major}`, () => {
    for (const { env, says } of variables) {
      const [setting] = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
      test(`refuses ${setting} in one line, with status 2`, async ({ scene }) => {
        const launch = scene.launch({ line, entry: 'early', program: 'self.cjs', env });
        const { stderr, ...end } = await launch.finished();
        expect(end).toEqual({ code: 2, signal: null, stdout: '' });
        expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_OPTION: .+\n$/);
        for (const words of says) expect(stderr).toContain(words);
        await scene.nothingLeft();
      });
    }

    test('suggests nothing for a variable that is near to none', async ({ scene }) => {
      for (const name of strange) {
        const launch = scene.launch({
          line,
          entry: 'early',
          program: 'self.cjs',
          env: { [name]: 'x' },
        });
        const { stderr } = await launch.finished();
        expect(stderr).toBe(`tsdaemon: ERR_DAEMON_OPTION: Unknown environment variable ${name}\n`);
      }
    });

    for (const { title, args, stdin } of scriptless) {
      test(`refuses ${title} in one line, with status 2`, async ({ scene }) => {
        const launch = scene.launch({ line, entry: 'early', args });
        await launch.started;
        launch.stdin.end(stdin);
        const { stderr, ...end } = await launch.finished();
        expect(end).toEqual({ code: 2, signal: null, stdout: '' });
        expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_NO_SCRIPT: .+\n$/);
        await scene.nothingLeft();
      });
    }

    test('tells of a path in one line, which no terminal obeys', async ({ scene }) => {
      const env = { TSDAEMON_CWD: '/no\n\u{1b}[2J\u{9b}where' };
      const launch = scene.launch({ line, entry: 'early', program: 'self.cjs', env });
      expect(await launch.finished()).toMatchObject({ code: 1, stdout: '' });
      expect(launch.stderr).toMatch(
        /^tsdaemon: ERR_DAEMON_CHDIR: cannot enter the directory \/no\\n\\x1B\[2J\\x9Bwhere: .+\n$/,
      );
    });

    test('refuses --watch in one line, and makes no daemon behind its back', async ({ scene }) => {
      // The process that watches loads no preload: it is the one it starts that refuses.
      const launch = scene.launch({ line, entry: 'early', args: ['--watch', 'fixtures/self.cjs'] });
      await scene.until('the line', () =>
        /^tsdaemon: ERR_DAEMON_NO_SCRIPT: .+\n/m.test(launch.stderr),
      );
      await launch.kill('SIGTERM');
      await scene.nothingLeft();
    });

    test('is not misled by a name like a line of proc_pid_status(5)', async ({ scene }) => {
      const args = ['--title=TracerPid:1', 'fixtures/self.cjs'];
      const env = { TSDAEMON_STRATEGY: 'fork' };
      const launch = scene.launch({ line, entry: 'early', args, env });
      expect(await launch.finished()).toMatchObject({ code: 0, stderr: '' });
    });

    test('takes what the environment may say of every option', async ({ scene }) => {
      writeFileSync(scene.path('in'), '');
      const env = {
        TSDAEMON_CWD: scene.dir,
        TSDAEMON_UMASK: '0077',
        TSDAEMON_LOG: scene.path('log'),
        TSDAEMON_STDIN: scene.path('in'),
        TSDAEMON_STDOUT: scene.path('out'),
        TSDAEMON_STDERR: 'null',
        // A value of TSDAEMON_READY that is refused.
        TSDAEMON_TITLE: 'manual',
        TSDAEMON_READY: 'detached',
        TSDAEMON_READY_TIMEOUT: '30000',
      };
      const launch = scene.launch({ line, entry: 'early', program: 'self.cjs', env });
      expect(await launch.finished()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
      expect(await scene.report('self')).toMatchObject({
        cwd: scene.dir,
        umask: 0o077,
        descriptors: { 0: scene.path('in'), 1: scene.path('out'), 2: '/dev/null' },
      });
    });
  });
}
