import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { anyLine, tsdaemon } from './helpers/cli.ts';
import { nodesOf } from './helpers/daemons.ts';
import { freePort } from './helpers/free-port.ts';
import { test } from './helpers/test.ts';

const line = anyLine;

const storm = 10_000;
const longestStorm = 60_000;

/** What each command may end with while the others are at work. */
const allowed: Record<string, (number | null)[]> = {
  // 143: the stop came before it was ready.
  start: [0, 3, 143],
  stop: [0],
  restart: [0, 3, 143],
  // 4: it is just being started, or its launcher is about to tell its end.
  status: [0, 3, 4],
  // 7: there was nobody.
  reload: [0, 7],
};

describe('start, stop, restart, status and reload, all at once', () => {
  test('never make two daemons, hit nobody else, and leave nothing', async ({ scene }) => {
    const script = ['fixtures/cli-alone.cjs', String(await freePort())];
    const places = ['--pid-file', scene.path('pid'), '--log', scene.path('log')];
    const outcomes: string[] = [];
    const problems: string[] = [];
    const begin = Date.now();
    // A busy machine takes longer until each of them has had its turn.
    const isOver = () => {
      const passed = Date.now() - begin;
      const hasHadItsTurn = (command: string) => outcomes.includes(`${command} 0`);
      return passed > longestStorm || (passed > storm && Object.keys(allowed).every(hasHadItsTurn));
    };

    const keepDoing = async (command: string, ...args: string[]) => {
      while (!isOver()) {
        const { code, stderr } = await tsdaemon(scene, line, [command, ...args]);
        outcomes.push(`${command} ${code}`);
        if (!allowed[command]?.includes(code))
          problems.push(`${command} ended with ${code}: ${stderr}`);
      }
    };
    await Promise.all([
      keepDoing('start', ...places, ...script),
      keepDoing('start', ...places, ...script),
      keepDoing('stop', ...places.slice(0, 2)),
      keepDoing('restart', ...places, ...script),
      keepDoing('status', ...places.slice(0, 2)),
      keepDoing('reload', ...places.slice(0, 2)),
    ]);

    expect(problems).toEqual([]);
    for (const command of Object.keys(allowed)) expect(outcomes).toContain(`${command} 0`);
    const said = existsSync(scene.path('said')) ? scene.read('said') : '';
    expect(said.split('\n').filter((text) => !/^(one \d+)?$/.test(text))).toEqual([]);

    const running = nodesOf(scene);
    expect(running.length).toBeLessThanOrEqual(1);
    const { code } = await tsdaemon(scene, line, ['status', ...places.slice(0, 2)]);
    expect(code).toBe(running.length === 1 ? 0 : 3);
    expect(await tsdaemon(scene, line, ['stop', ...places.slice(0, 2)])).toMatchObject({ code: 0 });
    await scene.until('the end of the last one', () => nodesOf(scene).length === 0);
    expect(existsSync(scene.path('pid'))).toBe(false);
  });
});
