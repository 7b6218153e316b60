import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { calls, carriesState } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface Given {
  descriptors: Record<string, string>;
  ours: string[];
}

interface Run {
  pid: number;
  word: string;
  cwd: string;
  first: Given;
  second: Given;
  execArgv: string[];
  own: Record<string, string>;
}

for (const { line, entry, name } of calls.filter(({ entry }) => !carriesState(entry))) {
  describe.concurrent(`the second run of a program ${name}`, () => {
    const start = { line, entry, program: 'second-run.cjs' };

    test('has the arguments and the directory of the first', async ({ scene }) => {
      const launch = scene.launch({ ...start, args: ['--taken-away'] });
      expect(await launch.finished()).toMatchObject({ code: 0, stderr: '' });
      const { pid, word, cwd } = await scene.report<Run>('run');
      expect({ word, cwd }).toEqual({ word: '--taken-away', cwd: scene.root });
      expect(pid).not.toBe(await launch.started);
    });

    test('gives nothing of its start to its children', async ({ scene }) => {
      const daemon = { log: scene.path('log'), pidFile: scene.path('pid'), ready: 'manual' };
      scene.launch({ ...start, daemon: { ...daemon, closeFds: true } });
      const { first, second, own } = await scene.report<Run>('run');
      expect(second.ours).toEqual([]);
      for (const { descriptors } of [first, second]) {
        const targets = Object.entries(descriptors)
          .filter(([fd]) => Number(fd) > 2)
          .map(([, target]) => target);
        // Those of the child's own: it has both ends of its pipes.
        const pipes = targets.filter((target) => target.startsWith('pipe:'));
        expect(
          pipes.filter((pipe) => pipes.filter((other) => other === pipe).length !== 2),
        ).toEqual([]);
        expect(targets).not.toContain(scene.path('pid'));
        expect(targets).not.toContain(scene.dir);
      }
      expect(Object.values(own)).toContain(scene.path('pid'));
    });

    for (const ready of ['detached', 'manual']) {
      test(`shows its errors until it is up, to be ready when ${ready}`, async ({ scene }) => {
        const launch = scene.launch({ ...start, args: ['throws'], daemon: { ready } });
        const { code, stderr } = await launch.finished();
        expect(code).toBe(1);
        expect(stderr).toMatch(/Error: only the second time\n {4}at .*second-run\.cjs/);
        expect(stderr).toMatch(/\ntsdaemon: ERR_DAEMON_EXITED: .+\n$/);
        await scene.nothingLeft();
      });
    }

    test('has the flags of the first, their paths absolute', async ({ scene }) => {
      mkdirSync(scene.path('reports'));
      writeFileSync(scene.path('variables'), 'GIVEN=yes\n');
      writeFileSync(scene.path('first.mjs'), '');
      const program = join(scene.root, 'fixtures', 'second-run.cjs');
      scene.launch({
        ...{ line, entry, cwd: scene.dir, args: [program] },
        nodeArgs: [
          ...['--no-warnings', '--env-file=variables', '--diagnostic-dir', 'reports'],
          ...['--report_directory=reports', '--import', './first.mjs'],
        ],
      });
      const { execArgv } = await scene.report<Run>('run');
      expect(execArgv).toEqual([
        '--no-warnings',
        ...[`--env-file=${scene.path('variables')}`, '--diagnostic-dir', scene.path('reports')],
        ...[`--report_directory=${scene.path('reports')}`, '--import', scene.path('first.mjs')],
      ]);
    });

    test('is refused where a flag could not be found again', async ({ scene }) => {
      const home = scene.path('node_modules/only-imported');
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'package.json'), '{ "exports": { "import": "./it.mjs" } }');
      writeFileSync(join(home, 'it.mjs'), '');
      const program = join(scene.root, 'fixtures', 'second-run.cjs');
      const nodeArgs = ['--import', 'only-imported'];
      const launch = scene.launch({ line, entry, cwd: scene.dir, args: [program], nodeArgs });
      const { code, stderr } = await launch.finished();
      expect(code).toBe(1);
      expect(stderr).toContain('--import only-imported would not be found from another directory');
      await scene.nothingLeft();
    });

    test('is refused where the script came by stdin', async ({ scene }) => {
      const launch = scene.launch({ line, entry, args: [] });
      const options = '{ "strategy": "exec" }';
      launch.stdin.end(`require('tsdaemon').daemonize(${options})`);
      const { code, stderr } = await launch.finished();
      expect(code).toBe(2);
      expect(stderr).toContain('a script read from stdin, which cannot be executed a second time');
    });
  });
}
