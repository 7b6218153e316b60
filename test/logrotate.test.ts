import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import type { Launch } from './helpers/launch.ts';
import { isEarly, starts } from './helpers/lines.ts';
import { isAlive } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { ShellLaunch } from './helpers/shell.ts';
import { test } from './helpers/test.ts';

const rotations = 20;

/** What stands in /etc/logrotate.d, and the command that cron runs. */
function logrotate(scene: Scene, create: string): () => Promise<unknown> {
  const text = `"${scene.path('logs/app.log')}" {
    rotate ${rotations + 10}
    ${create}
    postrotate
      kill -HUP "$(cat '${scene.path('pid')}')"
    endscript
  }`;
  writeFileSync(scene.path('conf'), text, { mode: 0o644 });
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  return () =>
    promisify(execFile)(
      'logrotate',
      ['--force', '--state', scene.path('state'), scene.path('conf')],
      { env },
    );
}

/** Why a rotation failed, if it was for the daemon: how that has ended, and its last words. */
async function explain(error: unknown, scene: Scene, launch: Launch, pid: number): Promise<Error> {
  if (!isAlive(pid)) await launch.endOf(pid);
  const logs = readdirSync(scene.path('logs')).map(
    (name) => `--- ${name}\n${scene.read(`logs/${name}`).slice(-2000)}`,
  );
  return new Error([String(error), scene.diagnosis(), ...logs].join('\n'));
}

/** The numbers of the lines of one writer, from the oldest log to the newest. */
function numbers(logs: string[], writer: string): number[] {
  return logs
    .flatMap((log) => log.split('\n'))
    .filter((line) => line.startsWith(`${writer} `))
    .map((line) => Number(line.slice(writer.length)));
}

for (const { line, entry, name } of starts) {
  const create = isEarly(entry) ? 'nocreate' : 'create 0640';

  describe.concurrent(`logrotate with ${create}`, () => {
    test(`loses no line of a busy daemon ${name}, nor doubles one`, async ({ scene }) => {
      mkdirSync(scene.path('logs'), { mode: 0o755 });
      const log = scene.path('logs/app.log');
      const daemon = { log, pidFile: scene.path('pid') };
      const options = { line, entry, program: 'busy-log.cjs', daemon };
      const shell = new ShellLaunch(scene, options);
      expect(await shell.seen()).toMatchObject({ status: 0 });
      const { pid } = await scene.report<{ pid: number }>('up');

      const rotate = logrotate(scene, create);
      const written = () => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
      await scene.until('the log to be written', written);
      for (let rotation = 1; rotation <= rotations; rotation++) {
        await rotate().catch(async (error) => {
          throw await explain(error, scene, shell.launch, pid);
        });
        await scene.until(`the log to be written after ${rotation} rotations`, written);
      }
      process.kill(pid, 'SIGUSR2');
      const count = await scene.report<{ main: number; worker: number }>('written');

      const names = Array.from({ length: rotations }, (_, at) => `app.log.${rotations - at}`);
      expect(readdirSync(scene.path('logs')).sort()).toEqual([...names, 'app.log'].sort());
      const logs = () => [...names, 'app.log'].map((name) => scene.read(`logs/${name}`));
      await scene.until('the last line of the worker', () =>
        logs().at(-1)?.includes(`worker ${count.worker}\n`),
      );
      for (const writer of ['main', 'worker'] as const) {
        const expected = Array.from({ length: count[writer] }, (_, at) => at + 1);
        expect(numbers(logs(), writer)).toEqual(expected);
      }
      expect(logs().every((text) => text.includes('main '))).toBe(true);
    });
  });
}
