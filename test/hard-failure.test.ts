import { join } from 'node:path';
import { describe } from 'vitest';
import type { DaemonOptions } from './helpers/launch.ts';
import { calls, carriesState, lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { expectRefused } from './helpers/surrounded.ts';
import { test } from './helpers/test.ts';

interface Failing {
  title: string;
  daemon?: DaemonOptions;
  through: (scene: Scene) => string[];
  error: object;
  says: string;
}

/** The system call is refused, or deadly: test/helpers/c/filtered.c. */
const filtered = (filter: string) => (scene: Scene) => [join(scene.root, 'filtered'), filter];

/** Root, as it is in a container that may not change its credentials. */
const without = (capabilities: string) => () => [
  ...['setpriv', `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`],
];

const inDaemon: Failing[] = [
  {
    title: 'the daemon is killed before it is complete',
    through: filtered('killed-by-chdir'),
    error: { code: 'ERR_DAEMON_HANDOVER', step: 'handover', signal: 'SIGSYS' },
    says: ' was ended by SIGSYS before it was complete; ',
  },
  {
    title: 'its groups may not be changed',
    daemon: { user: 'nobody' },
    through: without('-setgid'),
    error: { code: 'ERR_DAEMON_CREDENTIALS', step: 'credentials', errno: 'EPERM' },
    says: 'start it as root, with CAP_SETUID and CAP_SETGID',
  },
  {
    title: 'its user may not be changed',
    daemon: { user: 'nobody' },
    through: without('-setuid'),
    error: { code: 'ERR_DAEMON_CREDENTIALS', step: 'credentials', errno: 'EPERM' },
    says: 'start it as root, with CAP_SETUID and CAP_SETGID',
  },
];

const byFork: Failing[] = [
  {
    title: 'its mappings may not be read',
    through: filtered('no-large-read'),
    error: { code: 'ERR_DAEMON_SURVEY', step: 'survey', errno: 'EACCES' },
    says: "set `strategy` to 'exec'",
  },
];

const anywhere: Failing[] = [
  {
    title: 'the limit of open files is below the standard streams',
    daemon: { user: 'nobody', nice: 5, stdout: '/dev/null', limits: { nofile: 1 } },
    through: () => [],
    error: { code: 'ERR_DAEMON_LIMITS', step: 'limits', errno: 'EBADF' },
    says: 'cannot set the limits { core: 0, nofile: 1 }, below which standard streams are open',
  },
];

const inPlace = inDaemon.filter(({ daemon }) => daemon !== undefined);

const places = [
  ...calls.map(({ line, entry, name }) => ({
    ...{ line, entry, name, detach: true },
    failing: [...inDaemon, ...anywhere, ...(carriesState(entry) ? byFork : [])],
  })),
  ...lines.map((line) => ({
    ...({ line, entry: 'daemonize', name: `in the foreground on Node ${line.major}` } as const),
    ...{ detach: false, failing: [...inPlace, ...anywhere] },
  })),
];

for (const { line, entry, name, detach, failing } of places) {
  describe.concurrent(`a program ${name}`, () => {
    for (const { title, daemon, through, error, says } of failing) {
      test(`goes on as it was when ${title}`, async ({ scene }) => {
        const launch = scene.launch({
          ...{ line, entry, program: 'surrounded.cjs', args: ['worker'] },
          daemon: { detach, umask: 0o077, pidFile: scene.path('pid'), ...daemon },
          through: through(scene),
        });
        await expectRefused(scene, launch, { error, says });
        await scene.nothingLeft();
      });
    }
  });
}
