import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { calls, carriesState } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
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
  argv: string[];
  execArgv: string[];
  own: Record<string, string>;
}

/** What ES modules find, and CommonJS elsewhere or not at all. */
const imported: { specifier: string; file: string; flags?: string[] }[] = [
  { specifier: 'both', file: 'node_modules/both/it.mjs' },
  { specifier: 'only-imported', file: 'node_modules/only-imported/it.mjs' },
  { specifier: '@scope/deep/preload/it.mjs', file: 'node_modules/@scope/deep/src/it.mjs' },
  { specifier: '#alias', file: 'node_modules/both/it.mjs' },
  { specifier: 'itself/it', file: 'it.mjs' },
  {
    ...{ specifier: 'conditional', flags: ['-C', 'chosen'] },
    file: 'node_modules/conditional/it.mjs',
  },
];

/** Each file of them tells that it was loaded. */
function makePackages(scene: Scene): void {
  const packages = {
    'node_modules/both': { exports: { require: './other.cjs', import: './it.mjs' } },
    'node_modules/only-imported': { exports: { '.': { import: './it.mjs' } } },
    'node_modules/@scope/deep': { exports: { './preload/*': { import: './src/*' } } },
    'node_modules/conditional': {
      exports: { chosen: { import: './it.mjs' }, default: './other.cjs' },
    },
    '.': {
      name: 'itself',
      imports: { '#alias': { import: 'both', default: './other.cjs' } },
      exports: { './it': { import: './it.mjs' } },
    },
  };
  const tell = (file: string) =>
    `appendFileSync(${JSON.stringify(scene.path('imported'))}, ${JSON.stringify(`${file}\n`)})`;
  for (const [home, manifest] of Object.entries(packages)) {
    mkdirSync(scene.path(join(home, 'src')), { recursive: true });
    writeFileSync(scene.path(join(home, 'package.json')), JSON.stringify(manifest));
    for (const name of ['it.mjs', 'src/it.mjs', 'other.cjs']) {
      const file = scene.path(join(home, name));
      const load = name.endsWith('.mjs')
        ? 'import { appendFileSync } from'
        : 'const { appendFileSync } = require(';
      const end = name.endsWith('.mjs') ? '' : ')';
      writeFileSync(file, `${load} 'node:fs'${end};\n${tell(file)};\n`);
    }
  }
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

    test('ends by an option that is wrong for the first time: nobody could catch it', async ({
      scene,
    }) => {
      const launch = scene.launch({ ...start, args: ['wrong'], daemon: { ready: 'manual' } });
      const { code, stderr } = await launch.finished();
      expect(code).toBe(2);
      expect(stderr).toContain('tsdaemon: ERR_DAEMON_OPTION: Expected the `umask` option');
      expect(readdirSync(scene.dir)).not.toContain('caught.json');
      await scene.nothingLeft();
    });

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

    for (const { specifier, file, flags = [] } of imported) {
      test(`imports ${file} by ${[...flags, specifier].join(' ')}, as the first did`, async ({
        scene,
      }) => {
        makePackages(scene);
        const program = join(scene.root, 'fixtures', 'second-run.cjs');
        const nodeArgs = [...flags, '--import', specifier];
        scene.launch({ line, entry, cwd: scene.dir, args: [program], nodeArgs });
        const { execArgv } = await scene.report<Run>('run');
        expect(execArgv).toEqual([...flags, '--import', scene.path(file)]);
        expect(scene.read('imported')).toBe(`${scene.path(file)}\n`.repeat(2));
      });
    }

    test('is refused where a flag could not be found again', async ({ scene }) => {
      const program = join(scene.root, 'fixtures', 'second-run.cjs');
      writeFileSync(
        scene.path('hook.cjs'),
        `const next = (given, context, resolve) =>
           resolve(given === 'hooked' ? 'node:fs' : given, context);
         require('node:module').register(
           'data:text/javascript,' + encodeURIComponent('export const resolve = ' + next));`,
      );
      const nodeArgs = ['--import', './hook.cjs', '--import', 'hooked'];
      const launch = scene.launch({ line, entry, cwd: scene.dir, args: [program], nodeArgs });
      const { code, stderr } = await launch.finished();
      expect(code).toBe(1);
      expect(stderr).toContain('--import hooked would not be found from another directory');
      await scene.nothingLeft();
    });

    test('has the arguments of a script that was given by --eval', async ({ scene }) => {
      const script = `require('./fixtures/second-run.cjs')`;
      const args = ['--eval', script, '--', '--no-flag', 'x'];
      scene.launch({ line, entry, args, env: { TEST_OPTIONS: '{ "strategy": "exec" }' } });
      const { argv } = await scene.report<Run>('run');
      // The fixture takes away one.
      expect(argv).toEqual([line.execPath, '--no-flag']);
    });

    test('has its arguments though the first had another title', async ({ scene }) => {
      const env = { NODE_OPTIONS: `--require ${scene.path('title.cjs')}` };
      writeFileSync(
        scene.path('title.cjs'),
        "require('tsdaemon'); process.title = 'another title'",
      );
      scene.launch({ ...start, args: ['--taken-away', 'x'], env });
      const { word, argv } = await scene.report<Run>('run');
      expect({ word, argv: argv.slice(2) }).toEqual({ word: '--taken-away', argv: ['x'] });
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
