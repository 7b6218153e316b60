import { chmodSync } from 'node:fs';
import { userInfo } from 'node:os';
import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';
import { openToAll } from './helpers/user.ts';

interface Surroundings {
  strategy: string;
  worker: number;
  environment: Record<string, string>;
  groups: number[];
  title: string;
  core: string;
  nofile: string;
  oomScoreAdj: string;
  threads: Record<string, string>;
}

const nobody = 65534;

for (const line of lines) {
  for (const strategy of ['fork', 'exec'] as const) {
    describe.concurrent(`by ${strategy} on Node ${line.major}`, () => {
      test('every thread has the credentials, and the process its limits', async ({ scene }) => {
        expect(userInfo().uid, 'this test needs root').toBe(0);
        chmodSync(scene.path('.'), 0o777);
        const options = {
          strategy,
          ...{ user: 'nobody', cwd: '/', pidFile: scene.path('pid'), log: scene.path('log') },
          ...{ limits: { nofile: 777 }, oomScoreAdj: 321, nice: 3, title: 'surrounded' },
          env: { GIVEN: 'yes' },
        };
        const launch = scene.launch({
          line: openToAll(scene, line),
          program: 'surroundings.cjs',
          args: [JSON.stringify(options)],
        });
        expect(await launch.finished()).toMatchObject({ code: 0, signal: null });
        const seen = await scene.report<Surroundings>('surroundings');
        expect(seen).toMatchObject({
          ...{ strategy, worker: 0, groups: [nobody], title: 'surrounded' },
          environment: { USER: 'nobody', LOGNAME: 'nobody', GIVEN: 'yes' },
          ...{ core: '0', nofile: '777', oomScoreAdj: '321' },
        });
        expect(seen.environment['HOME']).not.toBe(userInfo().homedir);
        const ids = Array(4).fill(nobody).join('\t');
        const threads = Object.values(seen.threads);
        expect(threads.length).toBeGreaterThan(5);
        expect(threads.filter((thread) => !thread.endsWith(`${ids} ${ids}`))).toEqual([]);
      });

      test('a directory that the user may not enter is refused, and nothing was done', async ({
        scene,
      }) => {
        const options = { strategy, user: 'nobody', cwd: '/root' };
        chmodSync('/root', 0o700);
        const launch = scene.launch({
          line,
          program: 'surroundings.cjs',
          args: [JSON.stringify(options)],
        });
        expect(await launch.finished()).toMatchObject({ code: 0, signal: null });
        expect(await scene.report('refused')).toEqual({
          ...{ code: 'ERR_DAEMON_CHDIR', step: 'chdir', errno: 'EACCES' },
        });
      });
    });
  }
}
