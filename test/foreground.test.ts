import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { status, threads } from './helpers/proc.mjs';
import type { Refused, Up } from './helpers/surrounded.ts';
import { test } from './helpers/test.ts';

const nobody = 65534;

/** A file system that is full, for the pid file; and a descriptor that would be closed. */
const onFullDisk = [
  ...['unshare', '--mount', 'sh', '-c'],
  `mkdir "$TEST_DIR/full" && mount -t tmpfs -o size=4k tmpfs "$TEST_DIR/full" &&
   head -c 4096 /dev/zero >"$TEST_DIR/full/filler" && exec "$@" 7>"$TEST_DIR/seven"`,
  'sh',
];

for (const line of lines) {
  describe.concurrent(`in the foreground on Node ${line.major}`, () => {
    const start = {
      line,
      entry: 'daemonize',
      program: 'surrounded.cjs',
      args: ['worker'],
    } as const;

    test('every thread has the credentials and the nice value', async ({ scene }) => {
      const launch = scene.launch({
        ...start,
        daemon: { detach: false, user: 'nobody', nice: 3, cwd: '/' },
      });
      const { pid, strategy } = await scene.report<Up>('up');
      expect({ pid, strategy }).toEqual({ pid: await launch.started, strategy: 'none' });
      const ids = Array(4).fill(nobody).join('\t');
      const seen = threads(pid).map((tid) => {
        const { Uid, Gid, Groups } = status(pid, tid) ?? {};
        return { Uid, Gid, Groups, nice: niceOf(pid, tid) };
      });
      expect(seen.length).toBeGreaterThan(5);
      const wanted = { Uid: ids, Gid: ids, Groups: String(nobody), nice: 3 };
      expect(seen.filter((thread) => JSON.stringify(thread) !== JSON.stringify(wanted))).toEqual(
        [],
      );
    });

    test('what was changed is put back when a later step fails', async ({ scene }) => {
      mkdirSync(scene.path('root'));
      const launch = scene.launch({
        ...start,
        daemon: {
          ...{ detach: false, closeFds: true, umask: 0o077, oomScoreAdj: 500, nice: 5 },
          ...{ chroot: scene.path('root'), cwd: '/', user: 'nobody' },
          ...{ pidFile: scene.path('full/pid'), limits: { core: 0, nofile: 500 } },
        },
        through: onFullDisk,
      });
      const { error, before, after } = await scene.report<Refused>('refused');
      expect(error).toMatchObject({ code: 'ERR_DAEMON_WRITE_PID', errno: 'ENOSPC' });
      expect(after).toEqual(before);
      expect(JSON.stringify(after)).toContain(scene.path('seven'));
      expect((await launch.end()).code).toBe(0);
      expect(existsSync(scene.path('full/pid'))).toBe(false);
    });
  });
}

function niceOf(pid: number, tid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
