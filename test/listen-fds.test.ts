import http from 'node:http';
import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { isEarly, lines, starts } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface Activated {
  pid: number;
  before?: unknown;
  found: unknown;
  again: unknown;
  closedOnExec: boolean[];
  variables: string[];
}

const handOver = 'hand-over.py';
const handed = (names: string) => ['python3', handOver, 'listen', names];

const named = [
  { fd: 3, name: 'web' },
  { fd: 4, name: 'control' },
];

/** What the server on the Unix socket answers. */
function answerOf(socketPath: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath, agent: false }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve(JSON.parse(text));
      })
      .on('error', reject);
  });
}

for (const { line, entry, name } of starts) {
  describe(`listenFds() ${name}`, () => {
    const program = { line, entry, program: 'activated.cjs' } satisfies LaunchOptions;

    const inForeground = { place: 'the foreground', daemon: { detach: 'auto' as const } };
    const places = isEarly(entry)
      ? [{ ...inForeground, daemon: {} }]
      : [inForeground, { place: 'a daemon', daemon: {} }];

    for (const { place, daemon } of places) {
      test(`gives what was handed over, in ${place}`, async ({ scene }) => {
        const launch = scene.launch({ ...program, daemon, through: handed('web:control') });
        const { pid, ...rest } = await scene.report<Activated>('activated');
        expect(rest).toEqual({
          found: named,
          again: named,
          closedOnExec: [true, true],
          variables: [],
        });
        expect(await answerOf(scene.path('listen.socket'))).toEqual({ name: 'control', pid });
        expect(pid === (await launch.started)).toBe(place === 'the foreground');
      });
    }
  });
}

for (const line of lines) {
  describe(`listenFds() on Node ${line.major}`, () => {
    const program = {
      line,
      entry: 'daemonize',
      program: 'activated.cjs',
    } satisfies LaunchOptions;

    test('names what has no name', async ({ scene }) => {
      scene.launch({ ...program, through: handed('') });
      expect(await scene.report('activated')).toMatchObject({
        found: [
          { fd: 3, name: 'unknown' },
          { fd: 4, name: 'unknown' },
        ],
      });
    });

    for (const strategy of ['fork', 'exec']) {
      test(`gives the same before and after a program becomes a daemon by ${strategy}`, async ({
        scene,
      }) => {
        const daemon = { strategy };
        scene.launch({ ...program, daemon, args: ['before'], through: handed('web:control') });
        const { pid, ...rest } = await scene.report<Activated>('activated');
        expect(rest).toEqual({
          before: named,
          found: named,
          again: named,
          closedOnExec: [true, true],
          variables: [],
        });
        expect(await answerOf(scene.path('listen.socket'))).toEqual({ name: 'control', pid });
      });
    }

    for (const { title, env, through } of [
      { title: 'nobody', env: {}, through: [] },
      {
        title: 'somebody else',
        env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b' },
        through: ['sh', '-c', 'LISTEN_PID=$PPID exec "$@"', 'sh'],
      },
      {
        title: 'somebody who does not say for whom',
        env: { LISTEN_FDS: '2' },
        through: [],
      },
    ]) {
      test(`is empty where ${title} has handed over anything`, async ({ scene }) => {
        scene.launch({ ...program, args: ['brief'], env, through });
        const { found, variables } = await scene.report<Activated>('activated');
        expect({ found, variables }).toEqual({ found: [], variables: [] });
      });
    }

    for (const { title, set, says } of [
      { title: 'is no number', set: 'LISTEN_FDS=two', says: "LISTEN_FDS is 'two'" },
      { title: 'is beyond measure', set: 'LISTEN_FDS=99999999', says: "LISTEN_FDS is '99999999'" },
      {
        title: 'is of descriptors that there are not',
        set: 'LISTEN_FDS=900',
        says: 'bad file descriptor (EBADF)',
      },
      {
        title: 'does not fit the names',
        set: 'LISTEN_FDS=2 LISTEN_FDNAMES=a:b:c',
        says: 'LISTEN_FDNAMES has 3 names for 2 descriptors',
      },
    ]) {
      test(`refuses a number that ${title}`, async ({ scene }) => {
        const through = ['sh', '-c', `LISTEN_PID=$$ ${set} exec "$@"`, 'sh'];
        scene.launch({ ...program, args: ['brief'], through });
        const { found } = await scene.report<Activated>('activated');
        expect(found).toMatchObject({ name: 'DaemonError', code: 'ERR_DAEMON_LISTEN_FDS' });
        expect((found as Error).message).toContain(says);
      });
    }
  });
}
