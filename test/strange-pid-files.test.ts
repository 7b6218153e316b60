import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { fromShell, type Seen } from './helpers/shell.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll, ordinaryUser } from './helpers/user.ts';

interface Up {
  pid: number;
}

/** What may stand in a pid file that nobody holds: it means nothing. */
const leftovers = [
  { title: 'the pid of a process that is gone', text: () => `${spawnSync('true').pid}\n` },
  { title: 'the pid of a process that is not ours', text: () => `${process.pid}\n` },
  { title: 'nothing', text: () => '' },
  { title: 'what a crash of the machine has made of it', text: () => '\0'.repeat(6) },
  { title: 'a negative number', text: () => '-1\n' },
  { title: 'a number that is no pid', text: () => '99999999999999999999\n' },
];

/** Of somebody who has mistyped an option, and would lose it. */
const mistaken = [
  { title: 'a script', text: "require('node:http');\n" },
  { title: 'a program', text: '\x7fELF\0\n\r not a pid' },
  { title: 'a long number', text: '7'.repeat(100) },
];

/** What is not a regular file, and so is not used. */
const strange: {
  title: string;
  errno: string;
  make(path: string): unknown;
  touched?(scene: Scene): void;
}[] = [
  { title: 'a directory', errno: 'EISDIR', make: (path) => mkdirSync(path) },
  { title: 'a fifo', errno: 'EINVAL', make: (path) => execFileSync('mkfifo', [path]) },
  {
    title: 'a device',
    errno: 'EINVAL',
    make: (path) => execFileSync('mknod', [path, 'c', '1', '3']),
  },
  {
    title: 'a socket',
    errno: 'ENXIO',
    make: async (path) => {
      const server = createServer().listen(path);
      await once(server, 'listening');
      server.unref();
    },
  },
  {
    title: 'a link to a file',
    errno: 'ELOOP',
    make: (path) => {
      writeFileSync(`${path}-target`, "another's\n");
      symlinkSync(`${path}-target`, path);
    },
    touched: (scene) => expect(scene.read('pid-target')).toBe("another's\n"),
  },
  {
    title: 'a hard link to a file',
    errno: 'EMLINK',
    make: (path) => {
      writeFileSync(`${path}-target`, "another's\n");
      linkSync(`${path}-target`, path);
    },
    touched: (scene) => expect(scene.read('pid-target')).toBe("another's\n"),
  },
  {
    title: 'a link to nothing',
    errno: 'ELOOP',
    make: (path) => symlinkSync(`${path}-target`, path),
    touched: (scene) => expect(readdirSync(scene.dir)).not.toContain('pid-target'),
  },
];

const unlike = (seen: Seen, code: string, errno: string) => {
  expect(seen.stdout).toBe('');
  expect(seen.stderr).toMatch(new RegExp(`^tsdaemon: ${code}: [^\n]+\\(${errno}\\)[^\n]+\n$`));
};

/** Runs a line of the shell as if the machine had the mounts that it makes. */
const withMounts = (mounts: string, then = ':') =>
  `unshare --mount sh -c '${mounts} && { "$@"; status=$?; ${then}; exit $status; }' sh "$@"`;

for (const line of lines) {
  describe.concurrent(`on Node ${line.major}, a pid file`, () => {
    const start = (scene: Scene, pidFile = scene.path('pid')): LaunchOptions => ({
      line,
      entry: 'early',
      program: 'pid-file.cjs',
      args: ['natural'],
      daemon: { pidFile },
    });
    const asUser = (scene: Scene, pidFile?: string): LaunchOptions => ({
      ...start(scene, pidFile),
      line: openToAll(scene, line),
      through: asOrdinaryUser,
    });

    for (const { title, text } of leftovers) {
      test(`in which ${title} was left is taken`, async ({ scene }) => {
        writeFileSync(scene.path('pid'), text());
        expect(await fromShell(scene, start(scene))).toEqual({ status: 0, stdout: '', stderr: '' });
        const { pid } = await scene.report<Up>('up');
        expect(scene.read('pid')).toBe(`${pid}\n`);
      });
    }

    for (const { title, text } of mistaken) {
      test(`that is ${title} is refused, and is what it was`, async ({ scene }) => {
        writeFileSync(scene.path('pid'), text);
        const seen = await fromShell(scene, start(scene));
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_PID_FILE', 'EEXIST');
        expect(scene.read('pid')).toBe(text);
        await scene.nothingLeft();
      });
    }

    for (const { title, errno, make, touched } of strange) {
      test(`that is ${title} is refused, and is what it was`, async ({ scene }) => {
        await make(scene.path('pid'));
        const { ino, mode, mtimeMs } = lstatSync(scene.path('pid'));
        const seen = await fromShell(scene, start(scene));
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_PID_FILE', errno);
        expect(lstatSync(scene.path('pid'))).toMatchObject({ ino, mode, mtimeMs });
        touched?.(scene);
        await scene.nothingLeft();
      });
    }

    for (const { title, below, errno } of [
      { title: 'a missing directory', below: 'missing', errno: 'ENOENT' },
      { title: 'a file', below: 'file', errno: 'ENOTDIR' },
    ]) {
      test(`below ${title} is refused`, async ({ scene }) => {
        writeFileSync(scene.path('file'), "another's\n");
        const seen = await fromShell(scene, start(scene, scene.path(`${below}/pid`)));
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_PID_FILE', errno);
        expect(scene.read('file')).toBe("another's\n");
        expect(existsSync(scene.path('missing'))).toBe(false);
      });
    }

    test('of another user is refused, and is what it was', async ({ scene }) => {
      writeFileSync(scene.path('pid'), "another's\n", { mode: 0o644 });
      const seen = await fromShell(scene, asUser(scene));
      expect(seen.status).toBe(4);
      unlike(seen, 'ERR_DAEMON_PID_FILE', 'EACCES');
      expect(scene.read('pid')).toBe("another's\n");
    });

    test('of another user that all may write is used, and left empty, in a directory like /tmp', async ({
      scene,
    }) => {
      mkdirSync(scene.path('tmp'));
      chmodSync(scene.path('tmp'), 0o1777);
      writeFileSync(scene.path('tmp/pid'), '4711\n');
      chmodSync(scene.path('tmp/pid'), 0o666);
      const pidFile = scene.path('tmp/pid');
      expect(await fromShell(scene, asUser(scene, pidFile))).toMatchObject({ status: 0 });
      const { pid } = await scene.report<Up>('up');
      expect(scene.read('tmp/pid')).toBe(`${pid}\n`);
      process.kill(pid, 'SIGTERM');
      await scene.nothingLeft();
      expect(scene.read('tmp/pid')).toBe('');
      expect(lstatSync(pidFile).uid).toBe(process.getuid?.());
    });

    test('that an ordinary user has left is used by root', async ({ scene }) => {
      writeFileSync(scene.path('pid'), '4711\n');
      chownSync(scene.path('pid'), ordinaryUser, ordinaryUser);
      expect(await fromShell(scene, start(scene))).toMatchObject({ status: 0 });
      const { pid } = await scene.report<Up>('up');
      expect(scene.read('pid')).toBe(`${pid}\n`);
      process.kill(pid, 'SIGTERM');
      await scene.nothingLeft();
      expect(existsSync(scene.path('pid'))).toBe(false);
    });

    test('in a directory that may not be written is refused', async ({ scene }) => {
      mkdirSync(scene.path('closed'), { mode: 0o755 });
      const seen = await fromShell(scene, asUser(scene, scene.path('closed/pid')));
      expect(seen.status).toBe(4);
      unlike(seen, 'ERR_DAEMON_PID_FILE', 'EACCES');
      expect(readdirSync(scene.path('closed'))).toEqual([]);
    });

    for (const left of [true, false]) {
      test(`${left ? 'that was left' : 'to be made'} on a read-only file system is refused`, async ({
        scene,
      }) => {
        mkdirSync(scene.path('ro'));
        if (left) writeFileSync(scene.path('ro/pid'), '4711\n');
        const mounts =
          'mount --bind "$TEST_DIR/ro" "$TEST_DIR/ro" && mount -o remount,bind,ro "$TEST_DIR/ro"';
        const seen = await fromShell(scene, start(scene, scene.path('ro/pid')), withMounts(mounts));
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_PID_FILE', 'EROFS');
        if (left) expect(scene.read('ro/pid')).toBe('4711\n');
        await scene.nothingLeft();
      });

      test(`${left ? 'that was left' : 'to be made'} on a full disk is refused, and not left half written`, async ({
        scene,
      }) => {
        mkdirSync(scene.path('full'));
        const mounts = [
          'mount -t tmpfs -o size=4096 tmpfs "$TEST_DIR/full"',
          'head -c 4096 /dev/zero >"$TEST_DIR/full/filler"',
          left ? 'touch "$TEST_DIR/full/pid"' : ':',
        ];
        const list =
          'cat "$TEST_DIR/full/pid" >"$TEST_DIR/text" 2>/dev/null; ls "$TEST_DIR/full" >"$TEST_DIR/list"';
        const shell = withMounts(mounts.join(' && '), list);
        const seen = await fromShell(scene, start(scene, scene.path('full/pid')), shell);
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_WRITE_PID', 'ENOSPC');
        expect(scene.read('list')).toBe(left ? 'filler\npid\n' : 'filler\n');
        expect(scene.read('text')).toBe('');
        await scene.nothingLeft();
      });
    }

    test('that cannot be written in the end, though there was room, ends the daemon, which says why', async ({
      scene,
    }) => {
      const { daemon, ...rest } = start(scene);
      const seen = await fromShell(scene, {
        ...rest,
        daemon: { ...daemon, stderr: 'inherit' },
        // Room for an empty line, but not for a pid.
        through: ['prlimit', '--fsize=1'],
      });
      expect(seen.status).toBe(1);
      expect(seen.stderr).toMatch(/^tsdaemon: ERR_DAEMON_WRITE_PID: .+\(ENOSPC\).+\n/);
      expect(seen.stderr).toMatch(/\ntsdaemon: ERR_DAEMON_EXITED: .+\n$/);
      expect(existsSync(scene.path('pid'))).toBe(false);
      await scene.nothingLeft();
    });

    for (const left of [true, false]) {
      test(`${left ? 'that was left' : 'to be made'} where there is no flock(2) is refused`, async ({
        scene,
      }) => {
        if (left) writeFileSync(scene.path('pid'), '4711\n');
        const through = [`${scene.root}/filtered`, 'no-flock'];
        const seen = await fromShell(scene, { ...start(scene), through });
        expect(seen.status).toBe(1);
        unlike(seen, 'ERR_DAEMON_LOCK', 'ENOLCK');
        if (left) expect(scene.read('pid')).toBe('4711\n');
        else expect(existsSync(scene.path('pid'))).toBe(false);
        await scene.nothingLeft();
      });
    }

    test('that another program has locked is refused, and the pid in it is named', async ({
      scene,
    }) => {
      const line = 'echo "$$" >"$TEST_DIR/pid"; { flock 9; "$@" 9>&-; } 9<"$TEST_DIR/pid"';
      const seen = await fromShell(scene, start(scene), line);
      expect(seen.status).toBe(3);
      const pid = scene.read('pid').trim();
      expect(seen.stderr).toContain(`is locked by the process ${pid},`);
    });

    test('that another program has locked, and names a third, is refused', async ({ scene }) => {
      writeFileSync(scene.path('pid'), `${process.pid}\n`);
      const seen = await fromShell(scene, start(scene), 'flock "$TEST_DIR/pid" "$@"');
      expect(seen.status).toBe(3);
      expect(seen.stderr).toContain('is locked by another process; see who has it open');
      expect(scene.read('pid')).toBe(`${process.pid}\n`);
    });

    test('that another program has locked, who is not known, is refused after a while', async ({
      scene,
    }) => {
      writeFileSync(scene.path('pid'), '');
      const seen = await fromShell(scene, start(scene), 'flock "$TEST_DIR/pid" "$@"');
      expect(seen.status).toBe(3);
      expect(seen.stderr).toContain('is locked by another process;');
      expect(readFileSync(scene.path('pid'), 'latin1')).toBe('');
    });
  });
}
