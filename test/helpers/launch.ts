import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { deadlines } from './deadlines.mjs';
import { cleanEnvironment } from './environment.mjs';
import { type Entry, isEarly, type Line, strategyOf } from './lines.ts';
import { type End, type Reaped, reap } from './reaper.mjs';
import type { Scene } from './scene.ts';

/** The options of daemonize() that have a TSDAEMON_ variable. */
export interface DaemonOptions {
  cwd?: string;
  umask?: number | 'inherit';
  log?: string;
  stdin?: string | number;
  stdout?: string | number;
  stderr?: string | number;
  ready?: string;
  readyTimeout?: number;
  pidFile?: string;
  name?: string;
  ifRunning?: string;
  shutdownTimeout?: number;
  /** Of the call alone: the preload always decides for itself. */
  detach?: boolean | 'auto';
  closeFds?: boolean;
  strategy?: string;
  user?: string | number;
  group?: string | number;
  groups?: (string | number)[];
  chroot?: string;
  limits?: { core?: number; nofile?: number };
  oomScoreAdj?: number;
  nice?: number;
  keepFds?: number[];
  force?: boolean;
}

export interface LaunchOptions {
  line: Line;
  /** By the preload, by the program's own call, or as any program (the default). */
  entry?: Entry;
  /** A file of test/fixtures. */
  program?: string;
  /** In place of a program: what follows `node`. */
  args?: readonly string[];
  nodeArgs?: readonly string[];
  daemon?: DaemonOptions;
  env?: Record<string, string>;
  cwd?: string;
  /** Between the reaper and node: a command that runs its arguments. */
  through?: readonly string[];
}

function variables(options: DaemonOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      `TSDAEMON_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`,
      name === 'umask' && typeof value === 'number' ? value.toString(8) : String(value),
    ]),
  );
}

/** What to type, and in which environment, to start a program as a daemon. */
export function command(
  scene: Scene,
  options: LaunchOptions,
): { argv: string[]; env: Record<string, string> } {
  const { entry, line } = options;
  const early = entry !== undefined && isEarly(entry);
  const exec = entry !== undefined && strategyOf(entry) === 'exec';
  const daemon = exec ? { ...options.daemon, strategy: 'exec' } : (options.daemon ?? {});
  const argv = [line.execPath, ...(options.nodeArgs ?? [])];
  if (early) argv.push('--require', 'tsdaemon/early');
  if (options.program !== undefined) argv.push(join('fixtures', options.program));
  argv.push(...(options.args ?? []));
  const env = {
    ...cleanEnvironment(),
    ...scene.environment(),
    ...(entry === undefined ? {} : { TEST_ENTRY: early ? 'early' : 'daemonize' }),
    ...(early ? variables(daemon) : { TEST_OPTIONS: JSON.stringify(daemon) }),
    ...options.env,
  };
  return { argv, env };
}

/** A started launcher: its output, its end and, by the reaper, the ends of all that it leaves behind. */
export class Launch {
  readonly #scene: Scene;
  readonly #reaped: Reaped;

  constructor(scene: Scene, options: LaunchOptions) {
    const { argv, env } = command(scene, options);
    this.#scene = scene;
    this.#reaped = reap(scene.root, [...(options.through ?? []), ...argv], {
      cwd: options.cwd ?? scene.root,
      env,
    });
  }

  /** As written so far. */
  get stdout(): string {
    return this.#reaped.output.stdout;
  }

  get stderr(): string {
    return this.#reaped.output.stderr;
  }

  /** Whether nobody holds its stdout and stderr open any more. */
  get closed(): boolean {
    return this.#reaped.output.closed;
  }

  /** Whether neither it nor anything that came of it runs any more. */
  get over(): boolean {
    return this.#reaped.isOver();
  }

  get stdin(): Writable {
    return this.#reaped.stdin;
  }

  /** The launcher's id. */
  get started(): Promise<number> {
    return this.#reaped.started;
  }

  /** How a descendant ended that nobody else waited for: the launcher, and the daemon after it. */
  endOf(pid: number): Promise<End> {
    return this.#scene.until(`the end of process ${pid}`, () => this.#reaped.ends.get(pid), {
      diagnose: () => this.#output(),
    });
  }

  /** How the launcher ended. */
  async end(): Promise<End> {
    const pid = await this.started;
    return this.#scene.until("the launcher's end", () => this.#reaped.ends.get(pid), {
      deadline: deadlines.launch,
      diagnose: () => this.#output(),
    });
  }

  /** Its end, when its output has been read to the last byte. */
  async finished(): Promise<End & { stdout: string; stderr: string }> {
    const end = await this.end();
    await this.#scene.until("the launcher's output to be let go", () => this.closed, {
      diagnose: () => this.#output(),
    });
    return { ...end, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until neither the launcher nor anything that came of it runs. */
  async allEnded(): Promise<void> {
    await this.#scene.until('the end of all that was launched', () => this.#reaped.isOver(), {
      diagnose: () => this.#output(),
    });
  }

  /** What it has written, and how it and its descendants have ended so far. */
  diagnosis(): string {
    const ends = [...this.#reaped.ends].map(
      ([pid, { code, signal }]) => `process ${pid} ended by ${signal ?? code}`,
    );
    return [this.#output(), ...ends].join('\n');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.started, signal);
  }

  #output(): string {
    return `stdout: ${this.stdout}\nstderr: ${this.stderr}`;
  }
}
