import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

interface Attempt {
  support: { supported: boolean; reason?: string };
  strategy?: string;
  error?: { name: string; code: string; step?: string; message: string };
}

interface Obstacle {
  title: string;
  says: string;
  code: string;
  args?: (scene: Scene) => string[];
  start?: (scene: Scene) => Partial<LaunchOptions>;
  /** Of Node, where it depends on that. */
  only?: number;
}

const withoutProc = ['unshare', '--mount', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'];

const poller = 'it has an io_uring ring with a poller in the kernel';

const obstacles: Obstacle[] = [
  {
    title: 'a ring of io_uring that the kernel polls',
    says: poller,
    code: 'ERR_DAEMON_UNFORKABLE',
    args: (scene) => ['an addon', join(scene.root, 'kernel-poller.node')],
  },
  {
    title: 'the ring that UV_USE_IO_URING=1 asks for',
    says: poller,
    code: 'ERR_DAEMON_UNFORKABLE',
    args: () => ["Node's own"],
    start: () => ({ env: { UV_USE_IO_URING: '1' } }),
    // Later ones have no such ring for files.
    only: 20,
  },
  {
    title: 'a shadow stack',
    says: 'the processor keeps a shadow stack for it',
    code: 'ERR_DAEMON_UNFORKABLE',
    start: (scene) => ({ through: [join(scene.root, 'shadow-stacked')] }),
  },
  {
    title: 'no /proc',
    says: '/proc is not mounted',
    code: 'ERR_DAEMON_UNSUPPORTED',
    start: () => ({ through: withoutProc }),
  },
];

const noAddon = `there is no addon for ${process.platform} on ${process.arch}`;

/** What there is of the package on a system that it was not built for. */
function withoutAddon(scene: Scene): Partial<LaunchOptions> {
  const home = scene.path('node_modules/tsdaemon');
  mkdirSync(home, { recursive: true });
  for (const part of ['package.json', 'dist'])
    cpSync(join(scene.root, 'node_modules/tsdaemon', part), join(home, part), { recursive: true });
  cpSync(join(scene.root, 'fixtures'), scene.path('fixtures'), { recursive: true });
  return { cwd: scene.dir };
}

for (const line of lines) {
  describe.concurrent(`a process on Node ${line.major}`, () => {
    const attempt = (
      scene: Scene,
      options: object,
      { args, start }: Pick<Obstacle, 'args' | 'start'>,
    ) => {
      scene.launch({
        ...{ line, program: 'attempt.cjs' },
        args: [JSON.stringify(options), ...(args?.(scene) ?? [])],
        ...start?.(scene),
      });
      return scene.report<Attempt>('attempt');
    };

    for (const { title, says, code, only = line.major, ...how } of obstacles) {
      if (only !== line.major) continue;

      test(`with ${title} is refused by fork, which is said before as well`, async ({ scene }) => {
        const { support, error } = await attempt(scene, { strategy: 'fork' }, how);
        expect(support).toEqual({ supported: false, reason: expect.stringContaining(says) });
        expect(error).toMatchObject({ name: 'DaemonError', code, step: 'support' });
        expect(error?.message).toContain(says);
        await scene.nothingLeft();
      });

      test(`with ${title} is executed anew if it may be, which the handle tells`, async ({
        scene,
      }) => {
        const { strategy } = await attempt(scene, {}, how);
        expect(strategy).toBe('exec');
      });
    }

    test('without /proc has all that the foreground needs', async ({ scene }) => {
      const start = () => ({ through: withoutProc });
      const options = { detach: false, pidFile: scene.path('pid'), umask: 0o077, nice: 3 };
      const { strategy } = await attempt(scene, options, { start });
      expect(strategy).toBe('none');
      expect(existsSync(scene.path('pid'))).toBe(true);
    });

    test('without an addon may load the package, and is told what is missing', async ({
      scene,
    }) => {
      const { support, error } = await attempt(scene, {}, { start: withoutAddon });
      expect(support).toEqual({ supported: false, reason: expect.stringContaining(noAddon) });
      expect(error).toMatchObject({ name: 'DaemonError', code: 'ERR_DAEMON_PLATFORM' });
      expect(error?.message).toContain(noAddon);
    });

    test('without an addon may stay in the foreground', async ({ scene }) => {
      const options = { detach: false, umask: 0o077, nice: 3, cwd: '/' };
      expect(await attempt(scene, options, { start: withoutAddon })).toMatchObject({
        strategy: 'none',
      });
    });

    test('without an addon is told which option needs it', async ({ scene }) => {
      const options = { detach: false, pidFile: scene.path('pid') };
      const { error } = await attempt(scene, options, { start: withoutAddon });
      expect(error).toMatchObject({ code: 'ERR_DAEMON_PLATFORM' });
      expect(error?.message).toContain('`pidFile`');
      expect(existsSync(scene.path('pid'))).toBe(false);
    });
  });
}
