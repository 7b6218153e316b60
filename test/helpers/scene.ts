import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { deadlines } from './deadlines.mjs';
import { Launch, type LaunchOptions } from './launch.ts';
import { isAlive, processesWith, stat } from './proc.mjs';
import { threadDump } from './thread-dump.mjs';
import { until } from './until.mjs';

/** The variable by which every process of a scene is found again, however often it forked. */
const marker = 'TEST_SCENE';

/**
 * A directory, and the processes started for one test. Everything it starts carries the scene's marker in its
 * environment, which is how `end()` finds what a failed test left, whatever became of its parents.
 */
export class Scene {
  readonly root = inject('root');
  readonly dir: string;
  readonly #id = randomUUID();
  readonly #launches: Launch[] = [];

  constructor() {
    this.dir = join(this.root, 'scenes', this.#id);
    mkdirSync(this.dir, { recursive: true });
    // Open to programs that give up root.
    chmodSync(this.dir, 0o777);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  launch(options: LaunchOptions): Launch {
    const launch = new Launch(this, options);
    this.#launches.push(launch);
    return launch;
  }

  /** What every process of this scene has in its environment. */
  environment(): Record<string, string> {
    return { [marker]: this.#id, TEST_DIR: this.dir };
  }

  processes(): { pid: number; startTime: number }[] {
    return processesWith(marker, this.#id);
  }

  /** What a fixture has written by `report(name, …)`. */
  report<T = Record<string, unknown>>(
    name: string,
    { deadline = deadlines.daemon } = {},
  ): Promise<T> {
    const path = this.path(`${name}.json`);
    // In the midst of execve(2) a process has no environment, and is not found by it: one look is not enough.
    let looksInVain = 0;
    const look = () => {
      // Looked up first: to write it may have been the last thing a process did.
      looksInVain = this.processes().length === 0 ? looksInVain + 1 : 0;
      const over = looksInVain > 5 && this.#launches.every((launch) => launch.over);
      if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
      if (over) throw new Error(`all ended without the report "${name}"\n${this.diagnosis()}`);
      return undefined;
    };
    return this.until(`the report "${name}"`, look, { deadline });
  }

  until<T>(
    what: string,
    look: () => T | undefined | false,
    { deadline = deadlines.daemon, diagnose }: { deadline?: number; diagnose?: () => string } = {},
  ): Promise<T> {
    return until(what, look, {
      deadline,
      diagnose: () => `${diagnose?.() ?? ''}\n${this.diagnosis()}`,
    });
  }

  gone(pid: number): Promise<true> {
    return this.until(`the end of process ${pid}`, () => !isAlive(pid));
  }

  nothingLeft(): Promise<true> {
    return this.until('the end of every process of the test', () => this.processes().length === 0);
  }

  /** What was launched, every process and thread of the scene, and its logs. */
  diagnosis(): string {
    const dumps = this.processes().map(({ pid }) => threadDump(pid));
    const logs = ['log', 'out', 'err']
      .filter((name) => existsSync(this.path(name)))
      .map((name) => `--- ${name}\n${this.read(name)}`);
    const launches = this.#launches.map((launch) => launch.diagnosis());
    return [...launches, ...dumps, ...logs].join('\n');
  }

  async end(): Promise<void> {
    await until(
      'the end of what was killed',
      () => {
        const left = this.processes();
        // The start time makes sure that the id was not given to a stranger since it was found.
        for (const { pid, startTime } of left)
          if (stat(pid)?.startTime === startTime) killUnlessGone(pid);
        return left.length === 0;
      },
      { deadline: deadlines.kill, diagnose: () => this.diagnosis() },
    );
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** It may end between the look at it and this. */
function killUnlessGone(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
