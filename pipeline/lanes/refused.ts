import { type BusRecord, type Commit, DEAD_LETTERS_TOPIC } from '../../bus/bus.js';
import { PitwallError } from '../../core/errors.js';
import { encodeDeadLetter } from '../../schemas/dead-letter.js';

/** An original is kept up to here; a dead letter has to fit where the record did. */
const ORIGINAL_BYTES_MAX = 512 * 1024;

/**
 * Records on the bus that cannot be read, on their way to the dead letters. Their origin is where they stand, so that
 * whoever meets one writes the same letter.
 */
export class Refused {
  private letters: { record: BusRecord; original: Buffer; error: PitwallError }[] = [];
  total = 0;

  constructor(
    private readonly topic: string,
    private readonly partition: number,
  ) {}

  /** Anything but a record's own fault is thrown on. */
  note(record: BusRecord, error: unknown): void {
    if (!(error instanceof PitwallError) || error.retryable) throw error;
    const original = Buffer.from(record.value.subarray(0, ORIGINAL_BYTES_MAX));
    this.letters.push({ record, original, error });
    this.total++;
  }

  /** Puts what was noted since the last call into a commit; returns what to tell the operator. */
  append(commit: Commit): string[] {
    const letters = this.letters;
    this.letters = [];
    return letters.map(({ record, original, error }) => {
      const { stream, key, receivedUs, offset } = record;
      const bytes = encodeDeadLetter({
        stream,
        code: error.code,
        reason: `${this.topic}/${this.partition}/${offset} on the bus ${error.message}`,
        stage: 'bus',
        column: null,
        cell: null,
        expected: null,
        client: record.writer,
        receivedUs,
        decoder: 'avro',
        original,
      });
      commit.append(
        DEAD_LETTERS_TOPIC,
        this.partition,
        { kind: 'data', key, stream, receivedUs, writer: `refused ${this.topic}`, sequence: offset, tags: '' },
        { bytesMax: bytes.length, write: (target, at) => at + bytes.copy(target, at) },
      );
      return `${this.topic}/${this.partition}/${offset} cannot be read and is in the dead letters: ${error.message}`;
    });
  }
}
