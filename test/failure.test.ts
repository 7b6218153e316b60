import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { calls, carriesState, isEarly, lines, starts, strategyOf } from './helpers/lines.ts';
import { descriptors, isAlive, status, threads, unforkableMappings } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { sharedScene, test } from './helpers/test.ts';
import { asOrdinaryUser, limit, openToAll, threadsOfOrdinaryUser } from './helpers/user.ts';

interface Attempt {
  pid?: number;
  error?: Record<string, string>;
  before?: unknown;
  after?: unknown;
}

/** A running fixtures/failing.cjs. */
async function serve(scene: Scene, options: LaunchOptions) {
  const launch = scene.launch({ ...options, program: 'failing.cjs' });
  const { port } = await scene.report<{ port: number }>('listening');
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...request,
      keepalive: false,
    });
    return (await response.json()) as T;
  };
  const pid = await launch.started;
  return {
    launch,
    pid,
    daemonize: (options: object) => ask<Attempt>('/daemonize', options),
    work: () => ask<{ pid: number; reply: string }>('/work'),
  };
}

type Server = Awaited<ReturnType<typeof serve>>;

/** The error, after it was seen that the program is what it was before and still works. */
async function failure(
  { pid, daemonize, work }: Server,
  options: object,
): Promise<Record<string, string>> {
  const { error, before, after } = await daemonize(options);
  expect(after).toEqual(before);
  expect(unforkableMappings(pid)).toBeGreaterThan(10);
  expect(await work()).toEqual({ pid, reply: 'STILL HERE' });
  return error ?? {};
}

const files = (scene: Scene) => ({
  missing: scene.path('missing/there'),
  file: scene.path('file'),
  closed: scene.path('closed'),
  readOnly: scene.path('closed/log'),
  fifo: scene.path('fifo'),
});

type Files = ReturnType<typeof files>;

function prepare(scene: Scene): Files {
  const { closed, fifo, file } = files(scene);
  writeFileSync(file, '');
  execFileSync('mkfifo', [fifo]);
  mkdirSync(closed);
  chmodSync(closed, 0o600);
  return files(scene);
}

const steps = [
  {
    title: 'the directory is missing',
    options: ({ missing }: Files) => ({ cwd: missing }),
    code: 'ERR_DAEMON_CHDIR',
    step: 'chdir',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'the directory is a file',
    options: ({ file }: Files) => ({ cwd: file }),
    code: 'ERR_DAEMON_CHDIR',
    step: 'chdir',
    errno: 'ENOTDIR',
    status: 1,
  },
  {
    title: 'the log is in a directory that is missing',
    options: ({ missing }: Files) => ({ log: missing }),
    code: 'ERR_DAEMON_LOG',
    step: 'log',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'the log is a directory',
    options: ({ closed }: Files) => ({ log: closed }),
    code: 'ERR_DAEMON_LOG',
    step: 'log',
    errno: 'EISDIR',
    status: 1,
  },
  {
    title: 'the log is a fifo that nobody reads',
    options: ({ fifo }: Files) => ({ log: fifo }),
    code: 'ERR_DAEMON_LOG',
    step: 'log',
    errno: 'ENXIO',
    status: 1,
  },
  {
    title: 'stdout is in a directory that is missing',
    options: ({ missing }: Files) => ({ stdout: missing }),
    code: 'ERR_DAEMON_LOG',
    step: 'stdout',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'stderr is in a directory that is missing',
    options: ({ missing }: Files) => ({ stderr: missing }),
    code: 'ERR_DAEMON_LOG',
    step: 'stderr',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'stdin is missing',
    options: ({ missing }: Files) => ({ stdin: missing }),
    code: 'ERR_DAEMON_STDIN',
    step: 'stdin',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'stdin is missing, and is the log as well',
    options: ({ missing }: Files) => ({ stdin: missing, log: missing }),
    code: 'ERR_DAEMON_STDIN',
    step: 'stdin',
    errno: 'ENOENT',
    status: 1,
  },
  {
    title: 'stdout is a descriptor that is not open',
    options: () => ({ stdout: 999 }),
    code: 'ERR_DAEMON_LOG',
    step: 'stdout',
    errno: 'EBADF',
    status: 1,
  },
];

const forbidden = [
  {
    title: 'the directory may not be entered',
    options: ({ closed }: Files) => ({ cwd: closed }),
    code: 'ERR_DAEMON_CHDIR',
    step: 'chdir',
    errno: 'EACCES',
  },
  {
    title: 'the log may not be written',
    options: ({ readOnly }: Files) => ({ log: readOnly }),
    code: 'ERR_DAEMON_LOG',
    step: 'log',
    errno: 'EACCES',
  },
];

for (const { line, entry, name } of calls) {
  const strategy = strategyOf(entry);

  describe(`a server ${name} that cannot become a daemon`, () => {
    const running = sharedScene(async (scene) => ({
      server: await serve(scene, { line }),
      files: prepare(scene),
    }));

    for (const { title, options, code, step, errno } of steps) {
      test(`goes on when ${title}`, async () => {
        const { server, files } = running();
        const path = String(Object.values(options(files))[0]);
        const error = await failure(server, { ...options(files), strategy });
        expect(error).toMatchObject({ name: 'DaemonError', code, step, errno });
        expect(error.path).toBe(step === 'stdout' && errno === 'EBADF' ? 'descriptor 999' : path);
        expect(error.message).toContain(errno);
      });
    }

    if (carriesState(entry))
      test('becomes one when it is tried again with what can be done', async () => {
        const { server } = running();
        const { pid } = await server.daemonize({});
        expect(pid).not.toBe(server.pid);
        expect(await server.launch.finished()).toEqual({
          code: 0,
          signal: null,
          stdout: '',
          stderr: '',
        });
        expect(await server.work()).toEqual({ pid, reply: 'STILL HERE' });
      });
  });

  describe(`an ordinary user's server ${name}`, () => {
    const running = sharedScene(async (scene) => {
      const prepared = prepare(scene);
      const server = await serve(scene, { line: openToAll(scene, line), through: asOrdinaryUser });
      return { server, files: prepared };
    });

    for (const { title, options, code, step, errno } of forbidden) {
      test(`goes on when ${title}`, async () => {
        const { server, files } = running();
        expect(await failure(server, { ...options(files), strategy })).toMatchObject({
          name: 'DaemonError',
          code,
          step,
          errno,
        });
      });
    }

    test('goes on when there may be no more descriptors', async () => {
      const { server } = running();
      const used = Object.keys(descriptors(server.pid)).map(Number);
      const free = Array.from({ length: used.length + 2 }, (_, fd) => fd);
      // One is for the connection that asks, and one for a look at /proc.
      const [, second = 0] = free.filter((fd) => !used.includes(fd));
      const lift = limit(server.pid, 'descriptors', second + 1);
      const { error, before, after } = await server.daemonize({ strategy });
      lift();
      expect(after).toEqual(before);
      expect(error).toMatchObject({ name: 'DaemonError', errno: 'EMFILE' });
      expect(error?.message).toMatch(/limits? of open files/);
      expect(await server.work()).toEqual({ pid: server.pid, reply: 'STILL HERE' });
    });

    test('goes on when there may be no more processes', async () => {
      const { server } = running();
      const lift = limit(server.pid, 'processes', 1);
      const { error, before, after } = await server.daemonize({ strategy });
      expect(after).toEqual(before);
      expect(error).toMatchObject({
        code: 'ERR_DAEMON_FORK',
        step: 'fork',
        errno: 'EAGAIN',
        syscall: 'clone',
      });
      lift();
      expect(await server.work()).toEqual({ pid: server.pid, reply: 'STILL HERE' });
    });

    if (!carriesState(entry)) return;

    test('goes on when there is no room for what a start needs', async () => {
      const { server } = running();
      const used = Number.parseInt(status(server.pid)?.['VmSize'] ?? '', 10) * 1024;
      const lift = limit(server.pid, 'addresses', used + 48 * 1024 * 1024);
      const { error, before, after } = await server.daemonize({});
      lift();
      expect(after).toEqual(before);
      expect(error).toMatchObject({ code: 'ERR_DAEMON_PREPARE', errno: 'ENOMEM' });
      expect(await server.work()).toEqual({ pid: server.pid, reply: 'STILL HERE' });
    });

    test('goes on when the daemon may have only some of its threads', async () => {
      const { server } = running();
      const lift = limit(server.pid, 'processes', threadsOfOrdinaryUser() + 3);
      const { error, before, after } = await server.daemonize({});
      expect(after).toEqual(before);
      expect(error).toMatchObject({ code: 'ERR_DAEMON_REVIVE', step: 'revive', errno: 'EAGAIN' });
      lift();
      expect(await server.work()).toEqual({ pid: server.pid, reply: 'STILL HERE' });
    });

    test('becomes a daemon when it may', async () => {
      const { server } = running();
      const { pid } = await server.daemonize({});
      expect(pid).not.toBe(server.pid);
      expect(await server.work()).toEqual({ pid, reply: 'STILL HERE' });
    });
  });
}

for (const { line, entry, name } of starts.filter(({ entry }) => isEarly(entry))) {
  describe(name, () => {
    for (const { title, options, code, status } of steps) {
      test(`one line is said, and the status is ${status}, when ${title}`, async ({ scene }) => {
        const launch = scene.launch({
          line,
          entry,
          program: 'self.cjs',
          daemon: options(prepare(scene)),
        });
        const { stderr, ...end } = await launch.finished();
        expect(end).toEqual({ code: status, signal: null, stdout: '' });
        expect(stderr).toMatch(new RegExp(`^tsdaemon: ${code}: .+\n$`));
        await scene.nothingLeft();
        expect(readdirSync(scene.dir)).not.toContain('self.json');
      });
    }

    test('one line is said, which names the limit, when no more signals may be queued', async ({
      scene,
    }) => {
      const through = ['prlimit', '--sigpending=0'];
      const launch = scene.launch({ line, entry: 'early', program: 'self.cjs', through });
      const { stderr, ...end } = await launch.finished();
      expect(end).toEqual({ code: 1, signal: null, stdout: '' });
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_FREEZE: .+\(EAGAIN\); .+\(ulimit -i\).+\n$/);
      await scene.nothingLeft();
    });

    test('one line is said, and the status is 1, when there may be no more processes', async ({
      scene,
    }) => {
      const nodeArgs = ['--require', join(scene.root, 'fixtures', 'no-more-processes.cjs')];
      const options = { line: openToAll(scene, line), through: asOrdinaryUser, nodeArgs };
      const launch = scene.launch({ ...options, entry, program: 'self.cjs' });
      const { stderr, ...end } = await launch.finished();
      expect(end).toEqual({ code: 1, signal: null, stdout: '' });
      expect(stderr).toMatch(/^tsdaemon: ERR_DAEMON_FORK: .+\(EAGAIN\).+\n$/);
      await scene.nothingLeft();
    });
  });
}

describe('a thread that no signal reaches', () => {
  for (const line of lines) {
    test.concurrent(`makes the freeze give up on Node ${line.major}, and the program goes on`, async ({
      scene,
    }) => {
      const env = { UNPARKABLE: join(scene.root, 'unparkable.node'), UNPARKABLE_FD: '0' };
      const server = await serve(scene, { line, env });
      const error = await failure(server, {});
      expect(error).toMatchObject({
        name: 'DaemonError',
        code: 'ERR_DAEMON_FREEZE',
        step: 'freeze',
        errno: 'ETIMEDOUT',
      });

      // The signal that was to park it is still on its way, and arrives now.
      const pending = () =>
        threads(server.pid).filter((tid) => !/^0+$/.test(status(server.pid, tid)?.SigPnd ?? '0'));
      server.launch.stdin.end();
      await scene.until('the signal to arrive', () => pending().length === 0);
      expect(await server.work()).toEqual({ pid: server.pid, reply: 'STILL HERE' });

      const { pid } = await server.daemonize({});
      expect(pid).not.toBe(server.pid);
      expect(await server.work()).toEqual({ pid, reply: 'STILL HERE' });
    });
  }

  for (const { line, entry, name } of calls.filter(({ entry }) => !carriesState(entry))) {
    const env = (scene: Scene) => ({
      UNPARKABLE: join(scene.root, 'unparkable.node'),
      UNPARKABLE_FD: '0',
    });

    test.concurrent(`does not hinder a start ${name}, nor what goes on when it fails`, async ({
      scene,
    }) => {
      const server = await serve(scene, { line, env: env(scene) });
      const options = { strategy: strategyOf(entry), cwd: scene.path('missing') };
      expect(await failure(server, options)).toMatchObject({ code: 'ERR_DAEMON_CHDIR' });
    });

    test.concurrent(`does not hinder the end of a start ${name}`, async ({ scene }) => {
      const launch = scene.launch({
        ...{ line, entry, program: 'manual.cjs', daemon: { ready: 'manual' } },
        nodeArgs: ['--require', join(scene.root, 'unparkable.node')],
        env: env(scene),
      });
      const { pid } = await scene.report<{ pid: number }>('up');
      await launch.kill('SIGTERM');
      expect(await launch.end()).toEqual({ code: 143, signal: null });
      expect(isAlive(pid)).toBe(false);
    });
  }
});
