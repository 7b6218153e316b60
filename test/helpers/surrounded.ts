/** What test/fixtures/surrounded.cjs reports. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { Launch } from './launch.ts';
import type { Scene } from './scene.ts';

/** Of a start that was made. */
export interface Up {
  pid: number;
  strategy: string;
}

/** Of a start that was refused. */
export interface Refused {
  error: Record<string, string | number | undefined>;
  /** What surrounded it before it had tried, and after. */
  before: unknown;
  after: unknown;
}

/** Fails unless the program that was to have `pid` as its pid file was refused, and went on as it was to its end. */
export async function expectRefused(
  scene: Scene,
  launch: Launch,
  { error, says }: { error: object; says: string },
): Promise<void> {
  const refused = await scene.report<Refused>('refused');
  expect(refused.error).toMatchObject({ name: 'DaemonError', ...error });
  expect(refused.error['message']).toContain(says);
  expect(refused.after).toEqual(refused.before);
  expect(await launch.end()).toEqual({ code: 0, signal: null });
  expect(existsSync(scene.path('pid'))).toBe(false);
}
