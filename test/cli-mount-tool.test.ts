import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { freePort } from './helpers/free-port.ts';
import type { Launch } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

for (const line of lines) {
  describe(`the mount tool on Node ${line.major}`, () => {
    const tool = (scene: Scene, ...args: string[]): Launch =>
      scene.launch({
        line,
        args: ['examples/mount-tool/mount-tool.mjs', ...args],
        env: { XDG_RUNTIME_DIR: scene.dir },
      });

    const share = (scene: Scene): string => {
      mkdirSync(scene.path('share/below'), { recursive: true });
      writeFileSync(scene.path('share/one.txt'), 'one');
      writeFileSync(scene.path('share/below/two words.txt'), 'two');
      return scene.path('share');
    };

    test('is back at the prompt when it answers, tells its status, and ends', async ({ scene }) => {
      const port = String(await freePort());
      const options = ['--port', port];
      const mount = ['mount', share(scene), '-d', '--log', scene.path('log'), ...options];
      expect(await tool(scene, ...mount).finished()).toEqual({
        code: 0,
        signal: null,
        stdout: '',
        stderr: '',
      });

      const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}/${path}`)).text();
      expect((await get('')).split('\n').sort()).toEqual(['', 'below/two words.txt', 'one.txt']);
      expect(await get('below/two%20words.txt')).toBe('two');
      expect(await get('missing')).toBe('there is no such file\n');
      expect(scene.read('log')).toBe(`2 files on http://127.0.0.1:${port}/\n`);

      const status = await tool(scene, 'status', ...options).finished();
      expect(status).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(`^mounted on port ${port}, pid \\d+\n$`),
      });

      const again = await tool(scene, ...mount).finished();
      expect(again).toMatchObject({ code: 3, stdout: '' });
      expect(again.stderr).toMatch(/^mount-tool: .* runs already; stop that one first\n$/);

      expect(await tool(scene, 'umount', ...options).finished()).toMatchObject({
        code: 0,
        stdout: 'unmounted\n',
      });
      expect(scene.read('log')).toMatch(/\nending\n$/);
      expect(await tool(scene, 'status', ...options).finished()).toMatchObject({
        code: 3,
        stdout: 'not mounted\n',
      });
      expect(await tool(scene, 'umount', ...options).finished()).toMatchObject({
        code: 0,
        stdout: 'was not mounted\n',
      });
      await scene.nothingLeft();
    });

    test('says at the prompt what is wrong, and leaves nothing', async ({ scene }) => {
      const port = String(await freePort());
      const missing = scene.path('missing');
      const args = ['mount', missing, '-d', '--log', scene.path('log'), '--port', port];
      const { code, stdout, stderr } = await tool(scene, ...args).finished();
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(
        `mount-tool: ENOENT: no such file or directory, scandir '${missing}'`,
      );
      await scene.nothingLeft();
    });

    test('can be found and ended in the foreground too', async ({ scene }) => {
      const port = String(await freePort());
      const foreground = tool(scene, 'mount', share(scene), '--port', port);
      await scene.until(
        'its word',
        () => foreground.stdout === `2 files on http://127.0.0.1:${port}/\n`,
      );
      const status = await tool(scene, 'status', '--port', port).finished();
      expect(status.stdout).toBe(`mounted on port ${port}, pid ${await foreground.started}\n`);
      expect(await tool(scene, 'umount', '--port', port).finished()).toMatchObject({
        code: 0,
        stdout: 'unmounted\n',
      });
      expect(await foreground.end()).toEqual({ code: null, signal: 'SIGTERM' });
    });
  });
}
