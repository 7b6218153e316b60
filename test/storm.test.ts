import { describe, expect } from 'vitest';
import { nodesOf } from './helpers/daemons.ts';
import { cleanEnvironment } from './helpers/environment.mjs';
import { command } from './helpers/launch.ts';
import { starts } from './helpers/lines.ts';
import { test } from './helpers/test.ts';
import { outcome, storm } from './stress/storm.mjs';

describe('starts, stops, kills and looks at the same time on one pid file', () => {
  test('never make two daemons, nor name a wrong one, nor leave one', async ({ scene }) => {
    const daemon = { pidFile: scene.path('pid') };
    const commands = starts.map(({ line, entry }) =>
      command(scene, { line, entry, program: 'storm-daemon.cjs', daemon }),
    );
    const env = { ...cleanEnvironment(), ...scene.environment() };
    const reaped = storm({ root: scene.root, dir: scene.dir, env, seconds: 5, commands });
    await scene.until('the end of the storm and of all that came of it', () => reaped.isOver(), {
      diagnose: () => JSON.stringify(outcome(scene.dir, reaped), null, 2),
    });
    const { problems, figures } = outcome(scene.dir, reaped);
    expect(problems).toEqual([]);
    expect(figures.daemons).toBeGreaterThan(0);
    expect(nodesOf(scene)).toEqual([]);
  });
});
