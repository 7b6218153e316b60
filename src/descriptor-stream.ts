import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * A standard stream that leads to a file: written at once, like Node's own for files, so that the
 * last words of a crash are in the log.
 */
export class DescriptorStream extends Writable {
  readonly fd: number;

  constructor(fd: number) {
    super({ decodeStrings: true, emitClose: false, autoDestroy: false });
    this.fd = fd;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    try {
      for (let written = 0; written < chunk.length; ) written += writeSync(this.fd, chunk, written);
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
