import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * A standard stream that leads to a file: written at once, like Node's own for files, so that the
 * last words of a crash are in the log.
 */
export class DescriptorStream extends Writable {
  readonly fd: number;
  readonly #written: (length: number) => void;
  #hasWarned = false;

  /** @param written is told how many bytes were written */
  constructor(fd: number, written: (length: number) => void = () => {}) {
    super({ decodeStrings: true, emitClose: false, autoDestroy: false });
    this.fd = fd;
    this.#written = written;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.fd, chunk, at);
      this.#written(chunk.length);
    } catch (error) {
      this.#warn(error as Error);
    }
    done();
  }

  // A stream that has once had an error takes no more: a full disk would end the log for ever.
  #warn(error: Error): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(error);
  }

  /** Like Node's own, it cannot be closed. */
  override _destroy(error: Error | null, done: Done): void {
    done(error);
  }
}
