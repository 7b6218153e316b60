import { type ChildProcess, spawn } from 'node:child_process';
import { command, type LaunchOptions } from './launch.ts';
import type { Scene } from './scene.ts';

/** A terminal of its own, made by script(1), with a shell line running in it. */
export class Terminal {
  /** What was shown so far. */
  shown = '';
  readonly #scene: Scene;
  readonly #script: ChildProcess;

  /** `line` is run by sh; "$@" in it is the launcher's command. */
  constructor(scene: Scene, line: string, options: LaunchOptions) {
    const { argv, env } = command(scene, options);
    const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    this.#scene = scene;
    this.#script = spawn('script', ['-qefc', `set -- ${quoted}; ${line}`, '/dev/null'], {
      cwd: options.cwd ?? scene.root,
      env: { ...env, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#script.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
    });
    this.#script.stdin?.on('error', () => undefined); // It may end while we type.
  }

  type(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  /** Waits for what the pattern finds, and gives its first group. */
  shows(pattern: RegExp): Promise<string> {
    return this.#scene.until(
      `${pattern} on the terminal`,
      () => {
        const found = pattern.exec(this.shown);
        return found === null ? undefined : (found[1] ?? found[0]);
      },
      { diagnose: () => `the terminal shows: ${JSON.stringify(this.shown)}` },
    );
  }

  /** The status of the shell line. */
  ended(): Promise<number> {
    return this.#scene.until(
      'the end of what runs in the terminal',
      () => this.#script.exitCode ?? undefined,
      {
        diagnose: () => `the terminal shows: ${JSON.stringify(this.shown)}`,
      },
    );
  }

  /** Closes the terminal, as its window's close button does: everything in its session gets SIGHUP. */
  async hangUp(): Promise<void> {
    this.#script.kill('SIGKILL');
    await this.#scene.until('the end of the terminal', () => this.#script.signalCode === 'SIGKILL');
  }
}
