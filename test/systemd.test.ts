import http from 'node:http';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { lines } from './helpers/lines.ts';
import { Scene } from './helpers/scene.ts';
import { Systemd, systemdVersion } from './helpers/systemd.ts';
import { test } from './helpers/test.ts';

interface Up {
  pid: number;
}

interface Activated extends Up {
  found: unknown;
}

/** What a server on a Unix socket answers. */
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

const running = { ActiveState: 'active', SubState: 'running' };
const stopped = { ActiveState: 'inactive', Result: 'success' };
const inForeground = { detach: 'auto' };

// A request and a signal that are one, since systemd 253; before that there were two.
const reloading: Record<string, string> =
  systemdVersion() >= 253
    ? { Type: 'notify-reload' }
    : { Type: 'notify', ExecReload: '/bin/kill -HUP $MAINPID' };

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

for (const line of lines) {
  describe(`under systemd, Node ${line.major},`, () => {
    for (const early of [true, false]) {
      const entry = early ? 'the preload' : 'the call';

      test(`Type=notify has ${entry} stay in the foreground`, async ({ scene }) => {
        const daemon = early ? {} : inForeground;
        const settings = { Type: 'notify' };
        const command = 'supervised.cjs';
        const service = await systemd.service(scene, { line, early, command, daemon, settings });
        expect(await service.systemctl('start')).toBe(0);
        const { pid } = await scene.report<Up>('up');
        expect(await service.show('ActiveState', 'SubState')).toEqual(running);
        expect(await service.mainPid()).toBe(pid);
        expect(await service.systemctl('stop')).toBe(0);
        expect(await service.show('ActiveState', 'Result')).toEqual(stopped);
      });

      test(`a socket unit starts a service by ${entry}, and again`, async ({ scene }) => {
        const path = scene.path('web');
        const service = await systemd.service(scene, {
          line,
          early,
          command: 'activated.cjs',
          daemon: early ? {} : { ...inForeground, ready: 'manual' },
          settings: { Type: 'notify' },
          socket: { ListenStream: path, FileDescriptorName: 'web' },
        });
        expect(await service.systemctl('start', 'socket')).toBe(0);
        expect(await service.mainPid()).toBe(0);

        const first = await answerOf(path);
        const { pid, found } = await scene.report<Activated>('activated');
        expect(found).toEqual([{ fd: 3, name: 'web' }]);
        expect(first).toEqual({ name: 'web', pid });
        await service.comesTo({ ...running, MainPID: String(pid) });

        expect(await service.systemctl('stop')).toBe(0);
        const second = await answerOf(path);
        expect(second.pid).not.toBe(pid);
        expect(await service.systemctl('stop', 'socket')).toBe(0);
        expect(await service.systemctl('stop')).toBe(0);
      });
    }

    test('Type=notify waits for ready(), and shows what the program says', async ({ scene }) => {
      const service = await systemd.service(scene, {
        line,
        command: 'supervised.cjs manual',
        daemon: { ...inForeground, ready: 'manual' },
        settings: { Type: 'notify' },
      });
      expect(await service.systemctl('start')).toBe(0);
      await service.comesTo({ ...running, StatusText: 'at work' });
      expect(await service.systemctl('stop')).toBe(0);
    });

    test('Type=notify takes a daemon that detaches for the main process', async ({ scene }) => {
      const service = await systemd.service(scene, {
        line,
        command: 'supervised.cjs manual stopping',
        daemon: { ready: 'manual', log: scene.path('daemon-log') },
        settings: { Type: 'notify' },
      });
      expect(await service.systemctl('start')).toBe(0);
      const { pid } = await scene.report<Up>('up');
      expect(await service.mainPid()).toBe(pid);
      await service.comesTo({ ...running, StatusText: 'at work' });
      expect(await service.systemctl('stop')).toBe(0);
      // One that it takes for another's child is killed at once.
      expect(await scene.report('stopping')).toEqual({ signal: 'SIGTERM' });
      expect(await service.show('ActiveState', 'Result')).toEqual(stopped);
    });

    test('Type=forking finds the daemon by its pid file, and follows it', async ({ scene }) => {
      const pidFile = scene.path('pid');
      const service = await systemd.service(scene, {
        line,
        command: 'supervised.cjs',
        daemon: { pidFile },
        settings: { Type: 'forking', PIDFile: pidFile },
      });
      expect(await service.systemctl('start')).toBe(0);
      const { pid } = await scene.report<Up>('up');
      expect(await service.show('MainPID', 'ActiveState', 'SubState')).toEqual({
        ...running,
        MainPID: String(pid),
      });
      expect(await service.systemctl('stop')).toBe(0);
      expect(await service.show('ActiveState', 'Result')).toEqual(stopped);

      expect(await service.systemctl('start')).toBe(0);
      expect(await service.mainPid()).not.toBe(pid);
      await service.systemctl('kill --signal=KILL');
      await service.comesTo({ ActiveState: 'failed', Result: 'signal' });
      expect(await service.systemctl('start')).toBe(0);
      expect(await service.systemctl('stop')).toBe(0);
    });

    test('a daemon that detaches has what its socket unit has opened', async ({ scene }) => {
      const path = scene.path('web');
      const pidFile = scene.path('pid');
      const service = await systemd.service(scene, {
        line,
        command: 'activated.cjs',
        daemon: { pidFile, ready: 'manual' },
        settings: { Type: 'forking', PIDFile: pidFile },
        socket: { ListenStream: path, FileDescriptorName: 'web' },
      });
      expect(await service.systemctl('start', 'socket')).toBe(0);
      const { pid } = await answerOf(path);
      await service.comesTo({ ...running, MainPID: String(pid) });
      expect(await service.systemctl('stop', 'socket')).toBe(0);
      expect(await service.systemctl('stop')).toBe(0);
    });

    test('systemctl reload returns when the program has reloaded', async ({ scene }) => {
      const service = await systemd.service(scene, {
        line,
        command: 'supervised.cjs reload',
        daemon: inForeground,
        settings: reloading,
      });
      expect(await service.systemctl('start')).toBe(0);
      await scene.report('up');
      expect(await service.systemctl('reload')).toBe(0);
      if (reloading['Type'] === 'notify-reload') scene.read('reloaded.json');
      await scene.report('reloaded');
      await service.comesTo(running);
      expect(await service.systemctl('stop')).toBe(0);
    });

    test('WatchdogSec= is heeded, and ends a program that hangs', async ({ scene }) => {
      const service = await systemd.service(scene, {
        line,
        command: 'supervised.cjs stuck',
        daemon: inForeground,
        settings: { Type: 'notify', WatchdogSec: '300ms' },
      });
      expect(await service.systemctl('start')).toBe(0);
      await scene.report('up');
      const heard = new Set<string | undefined>();
      await scene.until('the watchdog to be told again and again', async () => {
        const { WatchdogTimestampMonotonic } = await service.show('WatchdogTimestampMonotonic');
        return heard.add(WatchdogTimestampMonotonic).size > 4;
      });
      expect(await service.show('ActiveState', 'SubState')).toEqual(running);
      await service.systemctl('kill --signal=INT');
      await service.comesTo({ ActiveState: 'failed', Result: 'watchdog' });
    });

    test('a start that fails, and an end at work, are failures', async ({ scene }) => {
      const settings = { Type: 'notify' };
      const failing = { line, command: 'supervised.cjs throw', early: true, settings };
      const start = await systemd.service(scene, failing);
      expect(await start.systemctl('start')).not.toBe(0);
      await start.comesTo({ ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '1' });

      const crashing = { line, command: 'supervised.cjs crash', early: true, settings };
      const work = await systemd.service(scene, crashing);
      expect(await work.systemctl('start')).toBe(0);
      await work.systemctl('kill --signal=INT');
      await work.comesTo({ ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '1' });
    });
  });
}
