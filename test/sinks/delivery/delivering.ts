import { basename, join } from 'node:path';
import { PitwallError } from '../../../core/errors.js';
import { DELIVERY_DEFAULTS, type DeliveryOptions } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import { Pace } from '../../../sinks/delivery/pace.js';
import type { RefusedRow } from '../../../sinks/delivery/store.js';
import type { HttpSinkOptions } from '../../../sinks/http/http-sink-options.js';
import { HttpStore } from '../../../sinks/http/http-store.js';
import type { Position, Sink, SinkBatch } from '../../../sinks/sink.js';
import type { Rows } from '../../contract/sink-workload.js';
import { rowsOf } from '../../contract/sink-workload.js';
import { tempDir } from '../../support/temp-dir.js';
import type { Receiver } from '../http/receiver.js';

/** A branch to a receiver, as its lane has it: a new sink over the same place and positions is its next life. */
export class Branch {
  readonly folder = tempDir('delivery');
  readonly path = `/${basename(this.folder)}`;
  readonly letters: RefusedRow[] = [];
  private readonly pace = new Pace();
  skippedRows = 0;
  deadLetters = 0;
  warnings: string[] = [];

  constructor(
    private readonly receiver: Receiver,
    private readonly options: Partial<DeliveryOptions> = {},
    private readonly http: Partial<HttpSinkOptions> = {},
  ) {}

  make(): Sink {
    const url = `${this.receiver.origin}${this.path}`;
    const store = new HttpStore({ url, headers: {}, format: 'json', gzip: false, positions: true, ...this.http });
    const options = { ...DELIVERY_DEFAULTS, ...this.options };
    const keeper = new JournalKeeper(join(this.folder, 'state'));
    const letters = async (rows: readonly RefusedRow[]) => {
      this.letters.push(...rows);
    };
    return new DeliverySink('branch', store, keeper, options, letters, this.pace);
  }

  /** Feeds all and flushes; what is wrong is thrown. */
  async deliver(batches: readonly SinkBatch[], sink = this.make()): Promise<Position[]> {
    try {
      const positions = await sink.open();
      await sink.write(after(positions, batches));
      return await sink.flush(true);
    } finally {
      this.hear(sink);
      await sink.close();
    }
  }

  /** The same, opened and fed again after each fault that may pass, as a lane does it, without its pauses. */
  async deliverAtLast(batches: readonly SinkBatch[], attempts = 200): Promise<Error[]> {
    const faults: Error[] = [];
    for (;;) {
      try {
        await this.deliver(batches);
        return faults;
      } catch (error) {
        faults.push(error as Error);
        if (!(error as PitwallError).retryable || faults.length >= attempts) throw error;
      }
    }
  }

  get rows(): Rows {
    return this.receiver.rows(this.path);
  }

  private hear(sink: Sink): void {
    const news = sink.news!();
    this.skippedRows += news.skippedRows;
    this.deadLetters += news.deadLetters;
    this.warnings.push(...news.warnings);
  }
}

/** What is to be fed to a sink that stands at these positions. */
export function after(positions: readonly Position[], batches: readonly SinkBatch[]): SinkBatch[] {
  const next = new Map(positions.map(({ partition, offset }) => [partition, offset]));
  return batches.filter(({ partition, offset }) => offset >= (next.get(partition) ?? 0));
}

/** The rows of batches as JSON brings them; what JSON does not have is left out. */
export function jsonRowsOf(batches: readonly SinkBatch[]): Rows {
  const rows = rowsOf(batches);
  for (const row of [...rows.values()].flat()) {
    for (const [name, cell] of Object.entries(row)) {
      if (typeof cell === 'number' && !Number.isFinite(cell)) delete row[name];
    }
  }
  return rows;
}

export function isFault(kind: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof PitwallError)) throw error;
    if ((error as { kind?: string }).kind === kind && message.test(error.message)) return true;
    throw new Error(`it is ${(error as { kind?: string }).kind}: ${error.message}`);
  };
}
