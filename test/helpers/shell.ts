import { existsSync } from 'node:fs';
import type { Launch, LaunchOptions } from './launch.ts';
import type { Scene } from './scene.ts';

/** What the user of a shell has seen: `$?`, and what stood on the terminal. */
export interface Seen {
  status: number;
  stdout: string;
  stderr: string;
}

/** A launcher that is started from a shell, which keeps its status. */
export class ShellLaunch {
  readonly launch: Launch;
  readonly #scene: Scene;

  /** `line` is run by sh; "$@" in it is the launcher's command. */
  constructor(scene: Scene, options: LaunchOptions, line = '"$@"') {
    const script = `${line}\necho "$?" >"$TEST_DIR/status"`;
    const told = ['sh', '-c', 'echo $$ >"$TEST_DIR/launcher" && exec "$@"', 'sh'];
    this.#scene = scene;
    this.launch = scene.launch({
      ...options,
      through: ['sh', '-c', script, 'sh', ...told, ...(options.through ?? [])],
    });
  }

  /** The launcher's id. */
  launcher(): Promise<number> {
    return this.#scene.until('the start of the launcher', () => this.#number('launcher'));
  }

  async seen(): Promise<Seen> {
    const { stdout, stderr } = await this.launch.finished();
    return { status: this.#number('status') ?? Number.NaN, stdout, stderr };
  }

  #number(name: string): number | undefined {
    const text = existsSync(this.#scene.path(name)) ? this.#scene.read(name) : '';
    return text.endsWith('\n') ? Number(text) : undefined;
  }
}

export function fromShell(scene: Scene, options: LaunchOptions, line?: string): Promise<Seen> {
  return new ShellLaunch(scene, options, line).seen();
}
