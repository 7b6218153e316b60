import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Scene } from './scene.ts';

/** A datagram, and the process that has sent it. */
export interface Told {
  pid: number;
  text: string;
}

/** Stands in for a supervisor that listens where NOTIFY_SOCKET leads: helpers/c/supervisor.c. */
export class Supervisor {
  /** Everything it was told, in order. */
  readonly told: Told[] = [];
  /** What NOTIFY_SOCKET has to be. */
  readonly address: string;
  readonly #scene: Scene;
  #isListening = false;

  private constructor(scene: Scene, address: string) {
    this.#scene = scene;
    this.address = address;
    const listener = spawn(join(scene.root, 'supervisor'), [address], {
      env: scene.environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface(listener.stdout).on('line', (line) => {
      if (line === 'listening') this.#isListening = true;
      const [pid, hex] = line.split(' ');
      if (hex !== undefined)
        this.told.push({ pid: Number(pid), text: Buffer.from(hex, 'hex').toString() });
    });
  }

  static async start(scene: Scene, address = scene.path('notify')): Promise<Supervisor> {
    const supervisor = new Supervisor(scene, address);
    await scene.until('the supervisor to listen', () => supervisor.#isListening);
    return supervisor;
  }

  /** Waits for the n-th message that the pattern finds. */
  hears(pattern: RegExp, n = 1): Promise<Told> {
    return this.#scene.until(
      `message ${n} of ${pattern}`,
      () => this.told.filter(({ text }) => pattern.test(text))[n - 1],
      { diagnose: () => `it was told: ${JSON.stringify(this.told)}` },
    );
  }
}
