import { describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { converse, endIt } from './helpers/outside-client.mjs';
import { threads } from './helpers/proc.mjs';
import { sharedScene, test } from './helpers/test.ts';

interface Work {
  done: Record<string, number>;
  problems: string[];
}

for (const line of lines) {
  describe(`a server on Node ${line.major} that becomes a daemon at work`, () => {
    const carried = sharedScene(async (scene) => {
      const daemon = { log: scene.path('log') };
      const launch = scene.launch({ line, entry: 'daemonize', program: 'late.cjs', daemon });
      const { port } = await scene.report<{ port: number }>('listening');
      const conversation = await converse(port);
      return { launch, port, conversation, work: await scene.report<Work>('late') };
    });

    test('answers on every connection that was open, each request once', () => {
      const { conversation, scene } = carried();
      expect(conversation.daemon).not.toBe(conversation.launcher);
      expect(scene.processes().some(({ pid }) => pid === conversation.daemon)).toBe(true);
    });

    test('lets its launcher go with status 0 and nothing said', async () => {
      const { launch, conversation } = carried();
      expect(await launch.started).toBe(conversation.launcher);
      expect(await launch.finished()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    });

    test('completes everything that was in flight, with the right results and a whole heap', () => {
      expect(carried().work.problems).toEqual([]);
    });

    test('completes nothing twice', () => {
      const { done } = carried().work;
      expect(Object.keys(done).length).toBeGreaterThan(40);
      expect(Object.entries(done).filter(([, times]) => times !== 1)).toEqual([]);
    });

    test('has brought its threads along', () => {
      // The main thread, two Workers, the pool's four, the platform's at least four, the inspector's.
      expect(threads(carried().conversation.daemon).length).toBeGreaterThanOrEqual(11);
    });

    test('ends with its own status and nothing in the log', async () => {
      const { scene, launch, port, conversation } = carried();
      await endIt(port);
      expect(await launch.endOf(conversation.daemon)).toEqual({ code: 17, signal: null });
      expect(scene.read('log')).toBe('');
      await scene.nothingLeft();
    });
  });
}
