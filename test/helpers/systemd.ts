import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { deadlines } from './deadlines.mjs';
import { status } from './proc.mjs';
import { type Reaped, reap } from './reaper.mjs';
import type { Scene } from './scene.ts';

const boot = fileURLToPath(new URL('systemd-boot.sh', import.meta.url));
const run = promisify(execFile);

/** The section of a unit file, and of each name its value, or its values. */
export type Unit = Record<string, Record<string, string | readonly string[]>>;

/** The number of the systemd of this machine. */
export function systemdVersion(): number {
  const [, version] =
    /^systemd (\d+)/.exec(execFileSync('systemctl', ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(version);
}

/** A real systemd, booted for the tests: helpers/systemd-boot.sh. */
export class Systemd {
  readonly #scene: Scene;
  readonly #reaped: Reaped;
  #init = 0;

  private constructor(scene: Scene) {
    this.#scene = scene;
    const target = { Unit: { DefaultDependencies: 'no', AllowIsolate: 'yes' } };
    mkdirSync(scene.path('units'));
    this.unit('tsdaemon.target', target);
    const env = { PATH: String(process.env['PATH']), ...scene.environment() };
    this.#reaped = reap(scene.root, ['sh', boot, scene.dir], { cwd: '/', env });
  }

  static async boot(scene: Scene): Promise<Systemd> {
    const systemd = new Systemd(scene);
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

  /** Runs systemctl(1) within. Its failure is an answer too. */
  async systemctl(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const inside = ['--target', String(this.#init), '--mount', '--pid', '--uts', '--cgroup'];
    const options = { encoding: 'utf8', timeout: deadlines.daemon } as const;
    try {
      const { stdout, stderr } = await run('nsenter', [...inside, 'systemctl', ...args], options);
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
