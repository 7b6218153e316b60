import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import type { Self } from './helpers/report.ts';
import { test } from './helpers/test.ts';

type Descendants = Record<'self' | (typeof kinds)[number], Self>;

const threads = ['worker', 'workerWithEnvironment'] as const;
const processes = ['fork', 'cluster', 'spawn', 'execFileSync', 'again'] as const;
const kinds = [...threads, ...processes] as const;

interface Way {
  title: string;
  nodeArgs?: (file: string) => string[];
  options?: string;
  kept?: { execArgv?: string[]; options?: string };
}

/** How the preload may be named, and what else must be kept of the words around it. */
const ways: Way[] = [
  { title: '--require', nodeArgs: () => ['--require', 'tsdaemon/early'] },
  { title: '--require=', nodeArgs: () => ['--require=tsdaemon/early'] },
  {
    title: '-r, among other flags',
    nodeArgs: () => ['--no-warnings', '-r', 'tsdaemon/early', '--stack-size=900'],
    kept: { execArgv: ['--no-warnings', '--stack-size=900'] },
  },
  { title: '--import', nodeArgs: () => ['--import', 'tsdaemon/early'] },
  { title: '--import=', nodeArgs: () => ['--import=tsdaemon/early'] },
  { title: '--require and its path', nodeArgs: (file) => ['--require', file] },
  {
    title: '--import and its address',
    nodeArgs: (file) => ['--import', String(pathToFileURL(file))],
  },
  { title: 'NODE_OPTIONS', options: '--require tsdaemon/early' },
  {
    title: 'NODE_OPTIONS, among other flags',
    options: '--no-warnings --require=tsdaemon/early --max-http-header-size=20000',
    kept: { options: '--no-warnings --max-http-header-size=20000' },
  },
  { title: 'NODE_OPTIONS and --import', options: '--import "tsdaemon/early"' },
  {
    title: '--require and NODE_OPTIONS at once',
    nodeArgs: () => ['--require', 'tsdaemon/early'],
    options: '-r tsdaemon/early',
  },
];

for (const line of lines) {
  describe(`nothing that a daemon on Node ${line.major} starts is made a daemon again`, () => {
    for (const { title, nodeArgs, options, kept = {} } of ways) {
      test(`when it came by ${title}`, async ({ scene }) => {
        const file = `${scene.root}/node_modules/tsdaemon/dist/early.js`;
        const launch = scene.launch({
          line,
          program: 'descendants.cjs',
          nodeArgs: nodeArgs?.(file) ?? [],
          env: {
            TEST_ENTRY: 'early',
            TSDAEMON_LOG: scene.path('log'),
            TSDAEMON_READY_TIMEOUT: '30000',
            KEPT: 'yes',
            ...(options === undefined ? {} : { NODE_OPTIONS: options }),
          },
        });
        expect(await launch.finished()).toMatchObject({ code: 0, stdout: '', stderr: '' });
        const found = await scene.report<Descendants>('descendants');
        const { self } = found;
        expect(self.execArgv).toEqual(kept.execArgv ?? []);
        expect(self.environment.NODE_OPTIONS).toBe(kept.options);

        for (const kind of kinds) {
          const { session, ppid, environment } = found[kind];
          const ours = Object.keys(environment).filter((name) => name.startsWith('TSDAEMON_'));
          expect({ kind, session, ours, kept: environment.KEPT }).toEqual({
            kind,
            session: self.session,
            ours: [],
            kept: 'yes',
          });
          if (kind in processes) expect(ppid).toBe(self.pid);
        }
        for (const kind of threads) {
          expect({ kind, pid: found[kind].pidOfKernel }).toEqual({ kind, pid: self.pid });
        }
        expect(scene.read('log')).toBe('');
        await scene.nothingLeft();
      });
    }
  });
}
