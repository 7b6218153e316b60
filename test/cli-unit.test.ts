import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { anyLine, cli, tsdaemon } from './helpers/cli.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

const line = anyLine;

async function unit(scene: Scene, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tsdaemon(scene, line, ['unit', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** What systemd has to say against it. */
function verdict(scene: Scene, text: string, ...options: string[]): string {
  const path = scene.path('tsdaemon-test.service');
  writeFileSync(path, text);
  const { status, stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', ...options, path],
    {
      encoding: 'utf8',
      // Where the manager of a user has its own files.
      env: { ...process.env, XDG_RUNTIME_DIR: scene.dir },
    },
  );
  // Units of the system itself may have their own faults.
  const said = `${stdout}${stderr}`.split('\n').filter((text) => text.includes('tsdaemon-test'));
  return status === 0 || said.length > 0 ? said.join('\n') : `${stdout}${stderr}`;
}

const setting = (text: string, name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];

describe('tsdaemon unit', () => {
  test('prints a unit that systemd has nothing against', async ({ scene }) => {
    const text = await unit(
      scene,
      '--name',
      'api',
      '--ready-timeout',
      '2m',
      '--umask',
      '027',
      'fixtures/cli-main.cjs',
    );
    expect(verdict(scene, text)).toBe('');
    expect(setting(text, 'Description')).toBe('api');
    expect(setting(text, 'Type')).toBe('notify');
    expect(setting(text, 'Restart')).toBe('on-failure');
    expect(setting(text, 'NoNewPrivileges')).toBe('yes');
    expect(setting(text, 'TimeoutStartSec')).toBe('120s');
    expect(setting(text, 'TimeoutStopSec')).toBe('20s');
    expect(setting(text, 'ExecStart')).toContain(' --ready-timeout 120000ms ');
  });

  test('has the options in it as they were given, with absolute paths', async ({ scene }) => {
    const text = await unit(
      scene,
      '--pid-file',
      'pid',
      '--log',
      'a log',
      'fixtures/cli-main.cjs',
      '--port',
      '80',
    );
    expect(setting(text, 'ExecStart')).toBe(
      [
        `${line.execPath} ${cli(scene)} start --pid-file ${scene.root}/pid --log "${scene.root}/a log"`,
        `-- ${scene.root}/fixtures/cli-main.cjs --port 80`,
      ].join(' '),
    );
  });

  test('keeps the directory that is to be kept, by option or by variable', async ({ scene }) => {
    const directory = scene.path('50% of it');
    mkdirSync(directory);
    const script = join(scene.root, 'fixtures/cli-main.cjs');
    const ways = [
      { args: ['unit', '--cwd', 'keep', script], env: {} },
      { args: ['unit', script], env: { TSDAEMON_CWD: 'keep' } },
    ];
    for (const { args, env } of ways) {
      const { stdout } = await tsdaemon(scene, line, args, { cwd: directory, env });
      expect(setting(stdout, 'WorkingDirectory')).toBe(`${scene.dir}/50%% of it`);
      expect(setting(stdout, 'PrivateTmp')).toBe(directory.startsWith('/tmp/') ? undefined : 'yes');
      expect(verdict(scene, stdout)).toBe('');
    }
    expect(setting(await unit(scene, script), 'WorkingDirectory')).toBeUndefined();
  });

  test('has words in it that mean something to systemd, as they are', async ({ scene }) => {
    const words = [
      'a b',
      '50%',
      '$HOME',
      '"quoted"',
      "it's",
      'back\\slash',
      ';',
      '',
      'two\nlines',
      'é',
    ];
    const text = await unit(scene, 'fixtures/cli-main.cjs', ...words);
    expect(verdict(scene, text)).toBe('');
    // systemd's own words for them, when it is asked to run the same line.
    const quoted = setting(text, 'ExecStart')?.split('cli-main.cjs ')[1];
    writeFileSync(scene.path('print.cjs'), 'console.log(JSON.stringify(process.argv.slice(2)))');
    expect(quoted).toBe(
      `"a b" 50%% $$HOME "\\"quoted\\"" "it's" "back\\\\slash" ";" "" "two\\nlines" "é"`,
    );
  });

  test('is one of the user for an ordinary user', async ({ scene }) => {
    const args = ['unit', '--name', 'api', 'fixtures/cli-main.cjs'];
    const { code, stdout } = await tsdaemon(scene, openToAll(scene, line), args, {
      through: asOrdinaryUser,
    });
    expect(code).toBe(0);
    expect(setting(stdout, 'WantedBy')).toBe('default.target');
    expect(setting(stdout, 'ProtectSystem')).toBeUndefined();
    expect(verdict(scene, stdout, '--user')).toBe('');
  });

  test('takes what is not given from the environment, as start does', async ({ scene }) => {
    const env = { TSDAEMON_NAME: 'api', TSDAEMON_READY: 'listening', TSDAEMON_UMASK: '077' };
    const args = ['unit', '--umask', '027', 'fixtures/cli-main.cjs'];
    const { stdout } = await tsdaemon(scene, line, args, { env });
    expect(setting(stdout, 'Description')).toBe('api');
    expect(setting(stdout, 'ExecStart')).toContain(' --ready listening ');
    expect(setting(stdout, 'ExecStart')).toContain(' --umask 027 ');
  });

  test('hides nothing that the daemon needs', async ({ scene }) => {
    const given = (...args: string[]) => unit(scene, ...args);
    const elsewhere = await given('--log', '/var/log/api.log', line.execPath);
    expect(setting(elsewhere, 'PrivateTmp')).toBe('yes');
    expect(setting(elsewhere, 'ProtectHome')).toBe('read-only');
    const inHome = await given('--log', '/home/api/log', line.execPath);
    expect(setting(inHome, 'ProtectHome')).toBeUndefined();
    const inTmp = await given('--cwd', '/tmp/api', line.execPath);
    expect(setting(inTmp, 'PrivateTmp')).toBeUndefined();
    expect(setting(elsewhere, 'ProtectSystem')).toBe('full');
    const inSystem = await given('--log', '/usr/local/var/log/api.log', line.execPath);
    expect(setting(inSystem, 'ProtectSystem')).toBeUndefined();
  });

  test('waits for ever where the daemon may take for ever', async ({ scene }) => {
    const text = await unit(scene, '--ready-timeout', '0', 'fixtures/cli-main.cjs');
    expect(setting(text, 'TimeoutStartSec')).toBe('infinity');
    expect(verdict(scene, text)).toBe('');
  });

  test('is refused for a script that is not there', async ({ scene }) => {
    expect(await tsdaemon(scene, line, ['unit', join(scene.dir, 'nothing.js')])).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});
