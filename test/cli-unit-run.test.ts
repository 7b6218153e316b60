import { afterAll, beforeAll, describe, expect } from 'vitest';
import { tsdaemon } from './helpers/cli.ts';
import { lines } from './helpers/lines.ts';
import { Scene } from './helpers/scene.ts';
import { Systemd, type Unit } from './helpers/systemd.ts';
import { test } from './helpers/test.ts';

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

/** The unit as it was printed, in parts. */
function sectionsOf(text: string): Unit {
  const sections: Record<string, Record<string, string>> = {};
  for (const part of text.split(/^(?=\[)/m)) {
    const [, title = ''] = /^\[(.*)\]/.exec(part) ?? [];
    const settings = [...part.matchAll(/^(\w+)=(.*)$/gm)];
    sections[title] = Object.fromEntries(settings.map(([, name, value]) => [name, value]));
  }
  return sections;
}

for (const line of lines) {
  describe(`the unit of tsdaemon unit, on Node ${line.major},`, () => {
    test('is started, reloaded and stopped by a real systemd, and restarts what crashes', async ({
      scene,
    }) => {
      const places = [
        '--pid-file',
        scene.path('pid'),
        '--log',
        scene.path('log'),
        '--cwd',
        scene.dir,
      ];
      const script = `${scene.root}/fixtures/cli-daemon.cjs`;
      const printed = await tsdaemon(scene, line, ['unit', ...places, script, 'willing']);
      const { Unit, Service, Install } = sectionsOf(printed.stdout);
      const environment = Object.entries(scene.environment()).map((pair) => `'${pair.join('=')}'`);
      const name = `printed-${line.major}.service`;
      systemd.unit(name, {
        Unit: { ...Unit, DefaultDependencies: 'no' },
        Service: { ...Service, Environment: environment },
        ...(Install === undefined ? {} : { Install }),
      });
      await systemd.systemctl('daemon-reload');
      const state = () => systemd.show(name, 'ActiveState', 'SubState', 'Result', 'NRestarts');

      expect(await systemd.systemctl('start', name)).toMatchObject({ code: 0 });
      expect(await state()).toEqual({
        ActiveState: 'active',
        SubState: 'running',
        Result: 'success',
        NRestarts: '0',
      });
      await scene.report('up');
      expect(scene.read('log')).toBe('up\n');

      expect(await systemd.systemctl('reload', name)).toMatchObject({ code: 0 });
      await scene.until('the reload', () => scene.read('log').includes('hangup 1\n'));

      // By its number it is another one here: systemd has pids of its own.
      await systemd.systemctl('kill', '--signal=KILL', name);
      await scene.until(
        'the restart',
        async () =>
          (await state())['NRestarts'] === '1' && (await state())['ActiveState'] === 'active',
      );
      expect(scene.read('log')).toBe('up\nhangup 1\nup\n');

      expect(await systemd.systemctl('stop', name)).toMatchObject({ code: 0 });
      expect(await state()).toMatchObject({ ActiveState: 'inactive', Result: 'success' });
    });
  });
}
