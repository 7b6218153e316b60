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
      done(error as Error);
      return;
    }
    done();
  }

  /** Like Node's own, it cannot be closed. */
  override _destroy(error: Error | null, done: Done): void {
    done(error);
  }
}
