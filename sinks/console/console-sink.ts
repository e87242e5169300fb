import { settles } from '../../core/settles.js';
import type { PositionKeeper } from '../delivery/delivery-options.js';
import { Positions } from '../positions.js';
import type { Position, Sink, SinkBatch } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import { jsonlDialect } from '../text/row-dialect.js';
import { RowEncoders } from '../text/row-encoders.js';
import { TextBuffer } from '../text/text-buffer.js';
import { StandardOutput } from './standard-output.js';

const CHUNK_BYTES = 64 * 1024;
/** What stands in a pipe that nobody reads is left there. */
const CLOSE_MS = 2_000;

/**
 * Rows as JSON lines on the standard output of the process, as the file sink's jsonl has them. What is written is written:
 * a crash may repeat the rows since the last flush. Who reads slowly makes this branch wait, and no other.
 */
export class ConsoleSink implements Sink {
  private readonly encoders = new RowEncoders(jsonlDialect);
  private readonly out = new TextBuffer(2 * CHUNK_BYTES);
  private readonly scratch: Float64Array[] = [];
  private fed: Positions | null = null;
  private saved = '';
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly keeper: PositionKeeper,
    private readonly output: Pick<StandardOutput, 'write'> = new StandardOutput(),
  ) {}

  async open(): Promise<Position[]> {
    const positions = this.keeper.load();
    this.saved = JSON.stringify(positions);
    this.fed = new Positions(positions);
    return positions;
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    const fed = this.opened();
    for (const record of batches) {
      const { topic, partition, offset, batch } = record;
      if (offset < (fed.get(topic, partition) ?? 0)) continue;
      if (batch.rows > 0) await this.print(record);
      fed.set(topic, partition, offset + 1);
    }
  }

  async flush(): Promise<Position[]> {
    const positions = this.opened().list();
    const text = JSON.stringify(positions);
    if (text !== this.saved) {
      this.keeper.save(positions);
      this.saved = text;
    }
    return positions;
  }

  async close(): Promise<void> {
    this.fed = null;
    await settles(this.writing, CLOSE_MS);
    this.keeper.close();
  }

  private async print(record: SinkBatch): Promise<void> {
    const { out } = this;
    const pieces: Buffer[] = [];
    const full = (): void => {
      pieces.push(Buffer.from(out.bytes.subarray(0, out.at)));
      out.at = 0;
    };
    this.encoders.of(record).encode(record.batch, out, CHUNK_BYTES, this.scratch, full);
    full();
    this.writing = this.output.write(pieces).catch((error: Error) => {
      throw sinkFailed(`sink "${this.name}" cannot write to standard output: ${error.message}`, false);
    });
    await this.writing;
  }

  private opened(): Positions {
    if (this.fed) return this.fed;
    throw sinkFailed(`sink "${this.name}" is not open; open it first`, true);
  }
}
