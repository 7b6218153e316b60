import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import type { DaemonOptions, LaunchOptions } from './helpers/launch.ts';
import { calls, carriesState, type Line, starts, strategyOf } from './helpers/lines.ts';
import { descriptors, status, threads, workingDirectory } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { expectRefused, type Refused, type Up } from './helpers/surrounded.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll, ordinaryUser } from './helpers/user.ts';

const nobody = 65534;
const four = (id: number) => Array(4).fill(id).join('\t');

/** Of every thread, as the kernel has it. */
function credentials(pid: number): Set<string> {
  const all = threads(pid).map((tid) => {
    const { Uid, Gid, Groups } = status(pid, tid) ?? {};
    return `${Uid} ${Gid} ${Groups}`;
  });
  expect(all.length).toBeGreaterThan(5);
  return new Set(all);
}

const refusals: { title: string; daemon: DaemonOptions; says: string; error: object }[] = [
  {
    title: 'be another user',
    daemon: { user: 'nobody' },
    says: "cannot become the user 'nobody': operation not permitted (EPERM); start it as root, or leave that out",
    error: { code: 'ERR_DAEMON_USER', step: 'user', errno: 'EPERM' },
  },
  {
    title: 'be root',
    daemon: { user: 0, group: 0 },
    says: 'cannot become the user 0: ',
    error: { code: 'ERR_DAEMON_USER', step: 'user', errno: 'EPERM' },
  },
  {
    title: 'have another group',
    daemon: { group: 'nogroup' },
    says: "cannot become the group 'nogroup': ",
    error: { code: 'ERR_DAEMON_GROUP', step: 'group', errno: 'EPERM' },
  },
  {
    title: 'have more groups',
    daemon: { groups: ['nogroup'] },
    says: "cannot have the groups [ 'nogroup' ]: ",
    error: { code: 'ERR_DAEMON_GROUPS', step: 'groups', errno: 'EPERM' },
  },
  {
    title: 'be a number that has no group',
    daemon: { user: ordinaryUser },
    says: `cannot tell the group of the user ${ordinaryUser}, which is in no list of users; give \`group\` too`,
    error: { code: 'ERR_DAEMON_GROUP', step: 'group', errno: 'EINVAL' },
  },
  {
    title: 'have a limit above the hard one',
    daemon: { limits: { nofile: 2 ** 40 } },
    says: 'cannot set the limits ',
    error: { code: 'ERR_DAEMON_LIMITS', step: 'limits', errno: 'EPERM' },
  },
  {
    title: 'be less nice',
    daemon: { nice: -10 },
    says: 'cannot set nice to -10: ',
    error: { code: 'ERR_DAEMON_NICE', step: 'nice', errno: 'EACCES' },
  },
  {
    title: 'be spared when memory runs out',
    daemon: { oomScoreAdj: -1000 },
    says: 'cannot set oomScoreAdj to -1000: ',
    error: { code: 'ERR_DAEMON_OOM_SCORE_ADJ', step: 'oom-score-adj', errno: 'EACCES' },
  },
  {
    title: 'have another root directory',
    daemon: { chroot: '/tmp' },
    says: 'cannot make /tmp the root directory: ',
    error: { code: 'ERR_DAEMON_CHROOT', step: 'chroot', errno: 'EPERM' },
  },
];

for (const { line, entry, name } of calls) {
  describe.concurrent(`an ordinary user's program ${name}`, () => {
    const start = (
      scene: Scene,
      daemon: DaemonOptions,
      through = asOrdinaryUser,
    ): LaunchOptions => ({
      ...{ line: openToAll(scene, line), entry, program: 'surrounded.cjs', args: ['worker'] },
      ...{ daemon, through },
    });

    for (const { title, daemon, says, error } of refusals) {
      for (const detach of [true, false]) {
        test(`may not ${title}${detach ? '' : ', in the foreground'}`, async ({ scene }) => {
          const given = { umask: 0o077, pidFile: scene.path('pid'), detach, ...daemon };
          const launch = scene.launch(start(scene, given));
          await expectRefused(scene, launch, { error, says });
        });
      }
    }

    test('is told which of its files has no place to be', async ({ scene }) => {
      const env = { HOME: '/nonexistent', XDG_RUNTIME_DIR: 'relative', XDG_STATE_HOME: '' };
      const pidFile = scene.path('pid');
      scene.launch({ ...start(scene, { name: 'tsdaemon-test', pidFile }), env });
      const { error } = await scene.report<Refused>('refused');
      expect(error).toMatchObject({
        ...{ name: 'DaemonError', code: 'ERR_DAEMON_LOG', step: 'log' },
        errno: 'EACCES',
        path: '/nonexistent/.local/state/tsdaemon-test.log',
      });
      expect(existsSync(pidFile)).toBe(false);
    });

    test('may not keep groups that it was to give up', async ({ scene }) => {
      const ids = [`--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, `--groups=${nobody}`];
      scene.launch(start(scene, { group: ordinaryUser }, ['setpriv', ...ids]));
      const { error } = await scene.report<Refused>('refused');
      expect(error).toMatchObject({ code: 'ERR_DAEMON_GROUPS', step: 'groups', errno: 'EPERM' });
      expect(error['message']).toContain(`cannot have the groups of the group ${ordinaryUser}: `);
    });

    test('may be told to be what it is', async ({ scene }) => {
      const daemon = { user: ordinaryUser, group: ordinaryUser, groups: [ordinaryUser] };
      scene.launch(start(scene, daemon));
      const { pid, strategy } = await scene.report<Up>('up');
      expect(strategy).toBe(strategyOf(entry));
      expect(credentials(pid)).toEqual(new Set([`${four(ordinaryUser)} ${four(ordinaryUser)} `]));
    });
  });
}

/** A directory with what a program needs that is executed in it. */
function prepareRoot(scene: Scene, line: Line): string {
  const root = scene.path('root');
  const put = (path: string, copy: (from: string, to: string) => void) => {
    mkdirSync(dirname(root + path), { recursive: true });
    if (!existsSync(root + path)) copy(path, root + path);
  };
  put(line.execPath, linkSync);
  const libraries = execFileSync('ldd', [line.execPath], { encoding: 'utf8' });
  for (const [path] of libraries.matchAll(/\/\S+/g)) put(path, copyFileSync);
  for (const part of ['node_modules/tsdaemon', 'fixtures'])
    put(`${scene.root}/${part}`, (from, to) => cpSync(from, to, { recursive: true }));
  mkdirSync(root + scene.dir, { recursive: true });
  chmodSync(root + scene.dir, 0o777);
  return root;
}

for (const { line, entry, name } of starts) {
  describe.concurrent(`root's program ${name}`, () => {
    test('gives up all that it was, in every thread', async ({ scene }) => {
      const daemon = { user: 'nobody', pidFile: scene.path('pid'), log: scene.path('log') };
      const program = { line: openToAll(scene, line), entry, program: 'complete.cjs' };
      const launch = scene.launch({ ...program, daemon });
      expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
      const pid = Number(scene.read('pid'));
      expect(credentials(pid)).toEqual(new Set([`${four(nobody)} ${four(nobody)} ${nobody}`]));
      expect(descriptors(pid)).toMatchObject({ 1: scene.path('log') });
    });

    // Which has no list of users.
    test('has another root directory, and stands in it as another user', async ({ scene }) => {
      const open = openToAll(scene, line);
      const chroot = prepareRoot(scene, open);
      const files = { pidFile: scene.path('pid'), log: scene.path('log') };
      const daemon = { chroot, cwd: '/tmp', user: 'nobody', ...files };
      const launch = scene.launch({ line: open, entry, program: 'complete.cjs', daemon });
      expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
      const pid = Number(scene.read('pid'));
      expect(readlinkSync(`/proc/${pid}/root`)).toBe(chroot);
      expect(workingDirectory(pid)).toBe(`${chroot}/tmp`);
      expect(credentials(pid)).toEqual(new Set([`${four(nobody)} ${four(nobody)} ${nobody}`]));
      const home = execFileSync('getent', ['passwd', 'nobody'], { encoding: 'utf8' }).split(':')[5];
      const up = await scene.report(join('root', scene.dir, 'up'));
      expect(up['environment']).toEqual({ HOME: home, USER: 'nobody', LOGNAME: 'nobody' });
    });

    if (!carriesState(entry))
      test('is refused a root directory without Node, and says where it is missed', async ({
        scene,
      }) => {
        mkdirSync(scene.path('root'));
        const daemon = { chroot: scene.path('root') };
        const launch = scene.launch({ line, entry, program: 'complete.cjs', daemon });
        const { code, stderr } = await launch.finished();
        expect(code).toBe(1);
        expect(stderr).toContain('ERR_DAEMON_EXEC');
        expect(stderr).toContain(`cannot execute ${line.execPath} again: no such file`);
        await scene.nothingLeft();
      });
  });
}
