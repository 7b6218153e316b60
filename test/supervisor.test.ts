import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface Up {
  cwd: string;
}

const handOver = 'hand-over.py';
const sh = (line: string) => ['sh', '-c', line, 'sh'];

/** Pid 1 of a namespace of its own. */
const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const inPidNamespace =
  process.getuid?.() === 0 ? unshare : [...unshare, '--user', '--map-root-user'];

const supervised = [
  { by: 'NOTIFY_SOCKET', through: sh('NOTIFY_SOCKET=$TEST_DIR/none exec "$@"') },
  { by: 'its pid in SYSTEMD_EXEC_PID', through: sh('SYSTEMD_EXEC_PID=$$ exec "$@"') },
  { by: 'its pid in LISTEN_PID', through: sh('LISTEN_PID=$$ exec "$@"') },
  { by: 'being pid 1', through: inPidNamespace },
  { by: 'a connection of TCP as stdin', through: ['python3', handOver, 'stdin', 'inet'] },
  {
    by: 'a connection of a named socket as stdin',
    through: ['python3', handOver, 'stdin', 'unix'],
  },
];

const unsupervised = [
  { by: 'INVOCATION_ID', through: sh('INVOCATION_ID=4f792debc1c9 exec "$@"') },
  { by: 'an empty NOTIFY_SOCKET', through: sh('NOTIFY_SOCKET= exec "$@"') },
  { by: "another's pid in SYSTEMD_EXEC_PID", through: sh('SYSTEMD_EXEC_PID=$PPID exec "$@"') },
  { by: "another's pid in LISTEN_PID", through: sh('LISTEN_PID=$PPID exec "$@"') },
  { by: 'a parent that is pid 1', through: [...inPidNamespace, ...sh('"$@"; wait; sleep 1000')] },
  { by: 'a socketpair as stdin', through: ['python3', handOver, 'stdin', 'pair'] },
  { by: 'stdin closed', through: sh('exec "$@" <&-') },
];

for (const line of lines) {
  describe(`on Node ${line.major}`, () => {
    const preload = { line, entry: 'early', program: 'supervised.cjs' } satisfies LaunchOptions;
    const call = { line, entry: 'daemonize', program: 'supervised.cjs' } satisfies LaunchOptions;

    for (const { by, through } of supervised) {
      test(`the preload knows a supervisor by ${by}, and stays in the foreground`, async ({
        scene,
      }) => {
        scene.launch({ ...preload, through });
        expect((await scene.report<Up>('up')).cwd).toBe(scene.root);
      });
    }

    for (const { by, through } of unsupervised) {
      test(`the preload takes ${by} for no supervisor`, async ({ scene }) => {
        scene.launch({ ...preload, through });
        expect((await scene.report<Up>('up')).cwd).toBe('/');
      });
    }

    test('the preload goes to the background in spite of a supervisor if it is told to', async ({
      scene,
    }) => {
      const env = { TSDAEMON_FOREGROUND: '0' };
      scene.launch({ ...preload, env, through: sh('SYSTEMD_EXEC_PID=$$ exec "$@"') });
      expect((await scene.report<Up>('up')).cwd).toBe('/');
    });

    for (const { foreground, detach } of [
      { foreground: '0', detach: false },
      { foreground: '1', detach: true },
    ]) {
      test(`TSDAEMON_FOREGROUND=${foreground} wins over the call with detach: ${detach}`, async ({
        scene,
      }) => {
        scene.launch({ ...call, daemon: { detach }, env: { TSDAEMON_FOREGROUND: foreground } });
        expect((await scene.report<Up>('up')).cwd).toBe(detach ? scene.root : '/');
      });
    }

    test('TSDAEMON_FOREGROUND that is neither 0 nor 1 is refused by the call', async ({
      scene,
    }) => {
      const launch = scene.launch({ ...call, env: { TSDAEMON_FOREGROUND: 'yes' } });
      const { code, stderr } = await launch.finished();
      expect(code).toBe(2);
      expect(stderr).toContain("Expected TSDAEMON_FOREGROUND to be 0 or 1, got 'yes'");
    });

    for (const { daemon, stays } of [
      { daemon: { detach: 'auto' }, stays: true },
      { daemon: { detach: false }, stays: true },
      { daemon: { detach: true }, stays: false },
      { daemon: {}, stays: false },
    ] as const) {
      const does = stays ? 'stays' : 'detaches';
      test(`under a supervisor the call with ${JSON.stringify(daemon)} ${does}`, async ({
        scene,
      }) => {
        scene.launch({ ...call, daemon, through: sh('SYSTEMD_EXEC_PID=$$ exec "$@"') });
        expect((await scene.report<Up>('up')).cwd).toBe(stays ? scene.root : '/');
      });
    }
  });
}
