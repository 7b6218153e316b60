import { join } from 'node:path';
import type { Launch, LaunchOptions } from './launch.ts';
import { type Line, lines } from './lines.ts';
import type { Scene } from './scene.ts';

/** For what does not depend on Node's line. */
export const anyLine: Line = lines[0] as Line;

/** What came of a command. */
export interface Answer {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

type Extra = Partial<LaunchOptions>;

/** The file that the name `tsdaemon` leads to when npm has installed the package. */
export function cli(scene: Scene): string {
  return join(scene.root, 'node_modules', 'tsdaemon', 'dist', 'cli.js');
}

/** `tsdaemon ARGS...` as a process that has been started. */
export function startTsdaemon(
  scene: Scene,
  line: Line,
  args: readonly string[],
  extra: Extra = {},
): Launch {
  return scene.launch({ line, ...extra, args: [cli(scene), ...args] });
}

/** `tsdaemon ARGS...`, to its end. */
export function tsdaemon(
  scene: Scene,
  line: Line,
  args: readonly string[],
  extra: Extra = {},
): Promise<Answer> {
  return startTsdaemon(scene, line, args, extra).finished();
}

/** Starts test/fixtures/cli-daemon.cjs with a pid file and a log of the scene, and gives its pid. */
export async function startDaemon(
  scene: Scene,
  line: Line,
  way = 'willing',
  extra: Extra = {},
): Promise<number> {
  const places = ['--pid-file', scene.path('pid'), '--log', scene.path('log')];
  const script = join(scene.root, 'fixtures', 'cli-daemon.cjs');
  const { code, stderr } = await tsdaemon(
    scene,
    line,
    ['start', ...places, '--', script, way],
    extra,
  );
  if (code !== 0) throw new Error(`the start ended with ${code}: ${stderr}`);
  return (await scene.report<{ pid: number }>('up')).pid;
}
