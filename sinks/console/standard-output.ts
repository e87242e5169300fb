import { write as writeTo } from 'node:fs';
import { promisify } from 'node:util';

const STDOUT = 1;
/** A pipe takes so many bytes at once or none of them (POSIX), so that lines of several threads do not mix. */
const PIPE_BYTES = 4096;
const NEWLINE = 10;
const AGAIN_MS = 10;

const writeSome = promisify(writeTo);

/** One after the other within a thread. */
let last: Promise<void> = Promise.resolve();

/**
 * Standard output of the process, from whichever thread. Lines stay whole; longer ones than 4 KiB may be cut by those of
 * another thread where the reader of a pipe is slow. Waits for a slow reader without holding up the thread.
 */
export class StandardOutput {
  constructor(private readonly fd = STDOUT) {}

  /** Each piece holds whole lines. Resolves when the system has all; rejects where nobody reads any more. */
  write(pieces: readonly Uint8Array[]): Promise<void> {
    const done = last.then(() => this.writeAll(pieces));
    last = done.catch(() => {});
    return done;
  }

  private async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const to = endOfLines(piece, at);
        while (at < to) at += await this.some(piece, at, to);
      }
    }
  }

  private async some(piece: Uint8Array, from: number, to: number): Promise<number> {
    try {
      return (await writeSome(this.fd, piece, from, to - from)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((next) => setTimeout(next, AGAIN_MS));
      return 0;
    }
  }
}

/** As many whole lines as go at once, and one at least. */
function endOfLines(piece: Uint8Array, from: number): number {
  if (piece.length - from <= PIPE_BYTES) return piece.length;
  const end = piece.lastIndexOf(NEWLINE, from + PIPE_BYTES - 1) + 1;
  if (end > from) return end;
  const next = piece.indexOf(NEWLINE, from);
  return next < 0 ? piece.length : next + 1;
}
