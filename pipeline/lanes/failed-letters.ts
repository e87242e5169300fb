import { type Commit, DEAD_LETTERS_TOPIC } from '../../bus/bus.js';
import type { FailedRow } from '../../processors/failed-rows.js';
import { encodeDeadLetter } from '../../schemas/dead-letter.js';

/** An original is kept up to here, as of a record that cannot be read. */
const ORIGINAL_BYTES_MAX = 512 * 1024;

/**
 * Puts rows that steps failed for into the commit of the outputs they are missing from. Where the commit is repeated after
 * a crash, a letter has the same origin.
 */
export function appendFailed(commit: Commit, partition: number, rows: readonly FailedRow[], epoch: string): void {
  for (const { processor, step, key, stream, reason, receivedUs, original, lane, number } of rows) {
    const bytes = encodeDeadLetter({
      stream,
      code: 'processor-failed',
      reason,
      stage: 'processor',
      column: null,
      cell: null,
      expected: null,
      client: '',
      receivedUs,
      decoder: 'json',
      original: Buffer.from(original).subarray(0, ORIGINAL_BYTES_MAX),
    });
    commit.append(
      DEAD_LETTERS_TOPIC,
      partition,
      {
        kind: 'data',
        key,
        stream,
        receivedUs,
        writer: `failed ${processor} ${step} ${epoch} ${lane}`,
        sequence: number,
        tags: '',
      },
      { bytesMax: bytes.length, write: (target, at) => at + bytes.copy(target, at) },
    );
  }
}
