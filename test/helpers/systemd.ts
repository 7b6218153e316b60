import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual, promisify } from 'node:util';

import { deadlines } from './deadlines.mjs';
import type { Line } from './lines.ts';
import { status } from './proc.mjs';
import { type Reaped, reap } from './reaper.mjs';
import type { Scene } from './scene.ts';

const run = promisify(execFile);

/** The section of a unit file, and of each name its value, or its values. */
export type Unit = Record<string, Record<string, string | readonly string[]>>;

/** The number of the systemd of this machine. */
export function systemdVersion(): number {
  const [, version] =
    /^systemd (\d+)/.exec(execFileSync('systemctl', ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(version);
}

interface ServiceOptions {
  line: Line;
  early?: boolean;
  /** A file of test/fixtures, and its arguments. */
  command: string;
  daemon?: Record<string, unknown>;
  /** Of the section [Service]. */
  settings?: Record<string, string>;
  /** The section [Socket] of a socket unit. */
  socket?: Record<string, string>;
}

/** A real systemd, booted for the tests: helpers/systemd-boot.sh. */
export class Systemd {
  readonly #scene: Scene;
  readonly #reaped: Reaped;
  #init = 0;
  #services = 0;

  private constructor(scene: Scene, network: 'shared' | 'own') {
    this.#scene = scene;
    const target = { Unit: { DefaultDependencies: 'no', AllowIsolate: 'yes' } };
    mkdirSync(scene.path('units'));
    this.unit('tsdaemon.target', target);
    const env = { PATH: String(process.env['PATH']), ...scene.environment() };
    const boot = ['sh', 'systemd-boot.sh', scene.dir];
    const argv = network === 'own' ? ['unshare', '--net', ...boot] : boot;
    this.#reaped = reap(scene.root, argv, { cwd: scene.root, env });
  }

  static async boot(
    scene: Scene,
    { network = 'shared' }: { network?: 'shared' | 'own' } = {},
  ): Promise<Systemd> {
    const systemd = new Systemd(scene, network);
    const up = async () => {
      if (systemd.#reaped.isOver()) throw new Error(`no systemd: ${systemd.#reaped.output.stderr}`);
      systemd.#init = scene.processes().find(({ pid }) => systemd.#isInit(pid))?.pid ?? 0;
      if (systemd.#init === 0) return false;
      const { stdout } = await systemd.systemctl('is-system-running');
      return stdout === 'running\n';
    };
    await scene.until('systemd to be booted', up, {
      diagnose: () => systemd.#reaped.output.stderr,
    });
    return systemd;
  }

  /** Ends it, and everything that it runs. */
  async halt(): Promise<void> {
    if (this.#init !== 0) process.kill(this.#init, 'SIGKILL');
    await this.#scene.until('the end of systemd', () => this.#reaped.isOver());
  }

  /** Installs a service that runs a fixture, and what else belongs to it. */
  async service(scene: Scene, options: ServiceOptions): Promise<Service> {
    const { line, early = false, command, daemon = {}, settings = {}, socket } = options;
    const name = `test-${++this.#services}`;
    const environment = {
      ...scene.environment(),
      TEST_ENTRY: early ? 'early' : 'daemonize',
      TEST_OPTIONS: JSON.stringify(daemon),
    };
    this.unit(`${name}.service`, {
      Unit: { DefaultDependencies: 'no' },
      Service: {
        WorkingDirectory: scene.root,
        Environment: Object.entries(environment).map(([key, value]) => `'${key}=${value}'`),
        ExecStart: `${line.execPath} ${early ? '--require tsdaemon/early ' : ''}fixtures/${command}`,
        StandardOutput: `append:${scene.path('log')}`,
        StandardError: `append:${scene.path('log')}`,
        TimeoutSec: '30',
        ...settings,
      },
    });
    if (socket !== undefined)
      this.unit(`${name}.socket`, { Unit: { DefaultDependencies: 'no' }, Socket: socket });
    await this.systemctl('daemon-reload');
    return new Service(this, scene, name);
  }

  /** Writes a unit file. */
  unit(name: string, sections: Unit): void {
    const lines = Object.entries(sections).flatMap(([section, settings]) => [
      `[${section}]`,
      ...Object.entries(settings).flatMap(([key, value]) =>
        [value].flat().map((each) => `${key}=${each}`),
      ),
    ]);
    writeFileSync(this.#scene.path(`units/${name}`), `${lines.join('\n')}\n`);
  }

  /** The words that run a command within. */
  inside(command: readonly string[]): string[] {
    const namespaces = ['--mount', '--pid', '--uts', '--cgroup', '--net'];
    return ['nsenter', '--target', String(this.#init), ...namespaces, ...command];
  }

  /** Runs systemctl(1) within. Its failure is an answer too. */
  async systemctl(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const [program = '', ...words] = this.inside(['systemctl', ...args]);
    const options = { encoding: 'utf8', timeout: deadlines.daemon } as const;
    try {
      const { stdout, stderr } = await run(program, words, options);
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }

  /** What it knows of a unit. */
  async show(unit: string, ...names: string[]): Promise<Record<string, string>> {
    const { stdout } = await this.systemctl('show', unit, `--property=${names.join(',')}`);
    return Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  #isInit(pid: number): boolean {
    const { Name, NSpid = '' } = status(pid) ?? {};
    return Name === 'systemd' && NSpid.split('\t').at(-1) === '1';
  }
}

/** A service of the booted systemd. */
export class Service {
  readonly #systemd: Systemd;
  readonly #scene: Scene;
  readonly #name: string;

  constructor(systemd: Systemd, scene: Scene, name: string) {
    this.#systemd = systemd;
    this.#scene = scene;
    this.#name = name;
  }

  /** Runs systemctl(1) for it, or for its socket, and returns the exit status. */
  async systemctl(verb: string, kind: 'service' | 'socket' = 'service'): Promise<number> {
    return (await this.#systemd.systemctl(...verb.split(' '), `${this.#name}.${kind}`)).code;
  }

  show(...names: string[]): Promise<Record<string, string>> {
    return this.#systemd.show(`${this.#name}.service`, ...names);
  }

  async mainPid(): Promise<number> {
    return Number((await this.show('MainPID'))['MainPID']);
  }

  /** Waits until it has the properties. */
  async comesTo(wanted: Record<string, string>): Promise<void> {
    let seen = {};
    const reached = async () => {
      seen = await this.show(...Object.keys(wanted));
      return isDeepStrictEqual(seen, wanted);
    };
    await this.#scene.until(JSON.stringify(wanted), reached, {
      diagnose: () => `it is ${JSON.stringify(seen)}`,
    });
  }
}
