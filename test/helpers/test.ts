import { afterAll, test as base, beforeAll } from 'vitest';
import { Scene } from './scene.ts';

/** vitest's test, with a scene that is ended, and must leave nothing, however the test ends. */
export const test = base.extend<{ scene: Scene }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures that are wanted from here
  scene: async ({}, use) => {
    const scene = new Scene();
    try {
      await use(scene);
    } finally {
      await scene.end();
    }
  },
});

/** One scene for all tests of a `describe`, with what `prepare` makes of it. */
export function sharedScene<T>(prepare: (scene: Scene) => Promise<T>): () => T & { scene: Scene } {
  let scene: Scene | undefined;
  let prepared: (T & { scene: Scene }) | undefined;
  beforeAll(async () => {
    scene = new Scene();
    prepared = { ...(await prepare(scene)), scene };
  });
  afterAll(() => scene?.end());
  return () => {
    if (prepared === undefined) throw new Error('the scene was not prepared');
    return prepared;
  };
}
