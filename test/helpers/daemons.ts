import { readlinkSync } from 'node:fs';
import { stat } from './proc.mjs';
import type { Scene } from './scene.ts';

/** The processes of a scene that are a Node: its launchers and daemons, without what the tests put around them. */
export function nodesOf(scene: Scene): number[] {
  return scene
    .processes()
    .map(({ pid }) => pid)
    .filter((pid) => programOf(pid)?.endsWith('node'));
}

function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // It has ended.
  }
}

/**
 * Waits until a launcher sleeps: it waits, and was told nothing that it has not yet heard. Fails if it ends instead.
 */
export function sleeps(scene: Scene, launcher: number): Promise<true> {
  return scene.until(`the launcher ${launcher} to wait`, () => {
    const state = stat(launcher)?.state;
    if (state === undefined || state === 'Z')
      throw new Error(`the launcher ${launcher} did not wait`);
    return state === 'S';
  });
}
