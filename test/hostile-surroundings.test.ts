import { describe, expect } from 'vitest';
import type { DaemonOptions, LaunchOptions } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { fromShell } from './helpers/shell.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

interface Whole {
  threads: number | string;
  strategy?: string;
}

/** Main, the platform's at least five, and the inspector's. */
const leastThreads = 7;

/** In a pid namespace, which ends with its first process: that waits until all others have ended. */
const inPidNamespace = (prepare: string) => [
  ...['unshare', '--pid', '--mount', '--fork', 'sh', '-c'],
  `${prepare}; "$@"; status=$?; while kill -0 -1 2>/dev/null; do sleep 0.02; done; exit $status`,
  'sh',
];

const withMounts = (mounts: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `${mounts} && exec "$@"`,
  'sh',
];

const worlds: {
  title: string;
  through: (scene: Scene) => string[];
  daemon?: DaemonOptions;
  /** What `strategy: 'fork'` comes to: it works, or the code of the error. */
  fork: 'works' | string;
  /** The same of `strategy: 'auto'`. */
  auto: 'works' | string;
}[] = [
  {
    title: 'in a pid namespace of its own',
    through: () => inPidNamespace('mount -t proc proc /proc'),
    fork: 'works',
    auto: 'works',
  },
  {
    title: 'in a pid namespace with the /proc of another, which knows other ids',
    through: () => inPidNamespace(':'),
    fork: 'ERR_DAEMON_UNSUPPORTED',
    auto: 'works',
  },
  {
    title: 'without /proc',
    through: () => withMounts('mount -t tmpfs tmpfs /proc'),
    fork: 'ERR_DAEMON_UNSUPPORTED',
    auto: 'works',
  },
  {
    title: 'where /proc hides the processes of others',
    through: () => [...withMounts('mount -t proc -o hidepid=2 proc /proc'), ...asOrdinaryUser],
    fork: 'works',
    auto: 'works',
  },
  {
    title: 'on a read-only file system',
    through: () =>
      withMounts(
        'mount --bind "$TEST_DIR" "$TEST_DIR" && mount -o remount,bind,ro / && mount -o remount,bind,rw "$TEST_DIR"',
      ),
    fork: 'works',
    auto: 'works',
  },
  {
    title: 'on a read-only file system, with a name',
    through: () => withMounts('mount --bind /run /run && mount -o remount,bind,ro /run'),
    daemon: { name: 'hostile' },
    fork: 'ERR_DAEMON_PID_FILE',
    auto: 'ERR_DAEMON_PID_FILE',
  },
  {
    title: 'of a user that is a number alone and has no home, with a name',
    through: () => ['env', '--unset=HOME', '--unset=XDG_STATE_HOME', ...asOrdinaryUser],
    daemon: { name: 'hostile' },
    fork: 'ERR_DAEMON_OPTION',
    auto: 'ERR_DAEMON_OPTION',
  },
  {
    title: 'where rseq(2) is refused',
    through: ({ root }) => [`${root}/filtered`, 'no-rseq'],
    fork: 'works',
    auto: 'works',
  },
  {
    title: 'where PR_GET_TID_ADDRESS is refused',
    through: ({ root }) => [`${root}/filtered`, 'no-tid-address'],
    fork: 'ERR_DAEMON_UNSUPPORTED',
    auto: 'works',
  },
];

const statuses: Record<string, number> = { ERR_DAEMON_OPTION: 2 };

for (const line of lines) {
  describe.concurrent(`a start on Node ${line.major}`, () => {
    for (const { title, through, daemon, ...outcomes } of worlds) {
      for (const strategy of ['fork', 'auto'] as const) {
        const outcome = outcomes[strategy];
        test(`${title}: strategy '${strategy}' ${outcome === 'works' ? outcome : `says ${outcome}`}`, async ({
          scene,
        }) => {
          const options: LaunchOptions = {
            line: openToAll(scene, line),
            entry: 'early',
            program: 'whole.cjs',
            daemon: { strategy, ...daemon },
            through: through(scene),
          };
          const { status, stderr } = await fromShell(scene, options);
          if (outcome === 'works') {
            expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
            const { threads } = await scene.report<Whole>('whole');
            if (outcomes.fork === 'works') expect(threads).toBeGreaterThanOrEqual(leastThreads);
          } else {
            expect(stderr).toMatch(new RegExp(`^tsdaemon: ${outcome}: .+\\n$`));
            expect(status).toBe(statuses[outcome] ?? 1);
          }
          await scene.nothingLeft();
        });
      }
    }
  });
}
