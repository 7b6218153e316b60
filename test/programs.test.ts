import { describe, expect } from 'vitest';
import type { LaunchOptions } from './helpers/launch.ts';
import { lines } from './helpers/lines.ts';
import { stat } from './helpers/proc.mjs';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

interface Hello {
  hello: string;
  pid: number;
}

/** The port that a program has written to its log or its terminal. */
function portIn(scene: Scene, text: () => string): Promise<number> {
  return scene.until('the port in what the server wrote', () => {
    const found = /listening (?:on|at) (?:http:\/\/127\.0\.0\.1:)?(\d+)/i.exec(text());
    return found === null ? undefined : Number(found[1]);
  });
}

async function ask<T>(port: number, path: string, body?: unknown): Promise<T> {
  const post = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : post);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** It answers in the background, in a session of its own, and ends when told to. */
async function expectDaemon(
  scene: Scene,
  launcher: number,
  port: number,
  hello: string,
): Promise<number> {
  const first = await ask<Hello>(port, '/');
  expect(first.hello).toBe(hello);
  expect(first.pid).not.toBe(launcher);
  expect(stat(first.pid)?.session).not.toBe(stat(process.pid)?.session);
  expect(await ask(port, '/sum', [1, 2, 39])).toEqual({ sum: 42 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask<Hello>(port, '/')));
  expect(answers.every(({ pid }) => pid === first.pid)).toBe(true);
  process.kill(first.pid, 'SIGTERM');
  await scene.nothingLeft();
  return first.pid;
}

for (const line of lines) {
  describe(`in the background on Node ${line.major}`, () => {
    for (const { name, program } of [
      { name: 'express', program: 'express-server.cjs' },
      { name: 'fastify', program: 'fastify-server.mjs' },
    ]) {
      test(`an ${name} server that knows nothing of it`, async ({ scene }) => {
        const options: LaunchOptions = { line, entry: 'early', program, env: { PORT: '0' } };
        const launch = scene.launch({ ...options, daemon: { log: scene.path('log') } });
        expect(await launch.finished()).toMatchObject({ code: 0, signal: null, stdout: '' });
        const port = await portIn(scene, () => scene.read('log'));
        const pid = await expectDaemon(scene, await launch.started, port, name);
        expect(await launch.endOf(pid)).toEqual({ code: 0, signal: null });
      });
    }

    test('a fastify server that goes there when it listens', async ({ scene }) => {
      const launch = scene.launch({
        line,
        program: 'fastify-listening.mjs',
        env: { SERVER_LOG: scene.path('log') },
      });
      const { code, stdout } = await launch.finished();
      expect(code).toBe(0);
      const port = await portIn(scene, () => stdout);
      const pid = await expectDaemon(scene, await launch.started, port, 'fastify');
      expect(scene.read('log')).toBe(`now as ${pid}\n`);
      expect(await launch.endOf(pid)).toEqual({ code: 0, signal: null });
    });

    test('the HTTP server of the examples', async ({ scene }) => {
      const log = scene.path('log');
      const launch = scene.launch({
        line,
        entry: 'early',
        args: ['examples/http-server.cjs'],
        env: { PORT: '0' },
        daemon: { log },
      });
      expect(await launch.finished()).toMatchObject({ code: 0, signal: null, stdout: '' });
      const port = await portIn(scene, () => scene.read('log'));
      const { pid } = await ask<{ pid: number }>(port, '/');
      process.kill(pid, 'SIGTERM');
      expect(await launch.endOf(pid)).toEqual({ code: 0, signal: null });
      expect(scene.read('log')).toMatch(/^listening on .+\nending\n$/);
    });
  });
}
