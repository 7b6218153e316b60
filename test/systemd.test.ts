import http from 'node:http';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Line, lines } from './helpers/lines.ts';
import { Scene } from './helpers/scene.ts';
import { Systemd, systemdVersion, type Unit } from './helpers/systemd.ts';
import { test } from './helpers/test.ts';

interface Up {
  pid: number;
  ppid: number;
}

/** Who has been asked, and what is served. */
function answerOf(socketPath: string): Promise<{ name: string; pid: number }> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath, agent: false }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve(JSON.parse(text));
      })
      .on('error', reject);
  });
}

describe('systemd', () => {
  let home: Scene;
  let systemd: Systemd;
  beforeAll(async () => {
    home = new Scene();
    systemd = await Systemd.boot(home);
  });
  afterAll(async () => {
    await systemd?.halt();
    await home.end();
  });

  /** A unit that starts a fixture. */
  async function install(
    scene: Scene,
    line: Line,
    {
      name = 'supervised',
      early = false,
      program = 'supervised.cjs',
      options = {},
      service = {},
      units = {},
    }: {
      name?: string;
      early?: boolean;
      program?: string;
      options?: Record<string, unknown>;
      service?: Record<string, string>;
      units?: Record<string, Unit>;
    },
  ): Promise<Service> {
    const node = early ? `${line.execPath} --require tsdaemon/early` : line.execPath;
    const environment = {
      ...scene.environment(),
      TEST_ENTRY: early ? 'early' : 'daemonize',
      TEST_OPTIONS: JSON.stringify(options).replaceAll('"', '\\"'),
    };
    systemd.unit(`${name}.service`, {
      Unit: { DefaultDependencies: 'no' },
      Service: {
        WorkingDirectory: scene.root,
        ExecStart: `${node} fixtures/${program}`,
        StandardOutput: `append:${scene.path('log')}`,
        StandardError: `append:${scene.path('log')}`,
        TimeoutSec: '30',
        ...service,
        Environment: Object.entries(environment).map(([key, value]) => `"${key}=${value}"`),
      },
    });
    for (const [unit, sections] of Object.entries(units)) systemd.unit(unit, sections);
    await systemd.systemctl('daemon-reload');
    return new Service(systemd, scene, `${name}.service`);
  }
});
