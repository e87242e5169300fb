import { settles } from '../../core/settles.js';
import { Positions } from '../positions.js';
import type { Position, Sink, SinkBatch, SinkNews } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import { Delivery } from './delivery.js';
import type { DeadLetterWriter, DeliveryOptions, PositionKeeper } from './delivery-options.js';
import { OpenRequest } from './open-request.js';
import { Pace } from './pace.js';
import type { RequestBuilder, Store } from './store.js';

/** How soon positions are looked at again while requests are under way. */
const LOOK_MS = 50;
const CLOSE_MS = 5_000;

/**
 * A branch to a store that takes requests: gathers rows to batches, sends several at a time, and keeps the position, which
 * is the least offset of which not every row is in the store for good. At most `inFlight` requests and the one that is
 * being made are held; `write` waits where it would be more. Nothing is tried again here: a fault ends everything that is
 * under way, and after `open` the rows are read from the bus once more, so that a store which is away costs no memory.
 * What was taken before the fault counts.
 */
export class DeliverySink<Request> implements Sink {
  private delivery: Delivery<Request> | null = null;
  private builder: RequestBuilder<Request>;
  private filling: OpenRequest | null = null;
  private fed = new Positions();

  constructor(
    private readonly name: string,
    private readonly store: Store<Request>,
    private readonly keeper: PositionKeeper,
    private readonly options: DeliveryOptions,
    private readonly letters: DeadLetterWriter,
    private readonly pace = new Pace(),
  ) {
    this.builder = this.newBuilder();
  }

  async open(): Promise<Position[]> {
    await this.end();
    this.builder = this.newBuilder();
    const delivery = new Delivery(this.name, this.store, this.options, this.letters, this.pace);
    await delivery.open();
    const positions = this.keeper.load();
    this.fed = new Positions(positions);
    this.delivery = delivery;
    return positions;
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    const delivery = this.opened();
    for (const record of batches) {
      const { topic, partition, offset, batch } = record;
      if (offset < (this.fed.get(topic, partition) ?? 0)) continue;
      for (let from = 0; from < batch.rows; ) from = await this.add(delivery, record, from);
      this.fed.set(topic, partition, offset + 1);
    }
  }

  async flush(force: boolean): Promise<Position[]> {
    const delivery = this.opened();
    const request = this.filling;
    const isDue = request !== null && performance.now() - request.sinceMs >= this.options.batch.everyMs;
    if (force || isDue) await this.launch(delivery);
    if (force) await delivery.settled();
    delivery.check();
    const positions = this.positions(delivery);
    this.keeper.save(positions);
    return positions;
  }

  rewind(positions: readonly Position[]): void {
    this.opened();
    for (const { topic, partition, offset } of positions) this.fed.set(topic, partition, offset);
    this.keeper.save(this.fed.list());
  }

  news(): SinkNews {
    const { delivery, filling: request } = this;
    const dueMs = request ? Math.max(0, this.options.batch.everyMs - (performance.now() - request.sinceMs)) : Infinity;
    const flushDueMs = Math.min(dueMs, delivery?.isBusy ? LOOK_MS : Infinity);
    return {
      flushDueMs: Number.isFinite(flushDueMs) ? flushDueMs : null,
      warnings: this.store.takeWarnings?.() ?? [],
      ...(delivery?.takeCounts() ?? { skippedRows: 0, deadLetters: 0, taken: 0 }),
    };
  }

  async close(): Promise<void> {
    try {
      await this.end();
      await settles(this.store.close(), CLOSE_MS);
    } finally {
      this.keeper.close();
    }
  }

  private async end(): Promise<void> {
    const { delivery } = this;
    if (!delivery) return;
    this.delivery = null;
    // What is under way is ended with a fault of its own.
    const { hasFailed } = delivery;
    await delivery.end();
    if (hasFailed) this.keeper.save(this.positions(delivery));
    this.filling = null;
  }

  /** Adds rows of a record from `from` on; returns the row it came to. */
  private async add(delivery: Delivery<Request>, record: SinkBatch, from: number): Promise<number> {
    delivery.check();
    this.filling ??= new OpenRequest();
    const request = this.filling;
    const rows = this.pace.size(this.options.batch.rows);
    const bytes = this.pace.size(this.options.batch.bytes);
    const to = Math.min(record.batch.rows, from + rows - request.rows);
    const next = this.builder.add(record, from, to, bytes);
    if (next > from) request.add(record, from, next);
    else if (request.rows === 0) throw new Error(`${this.store.what}: an empty request has taken no row`);
    if (next < to || request.rows >= rows || this.builder.bytes >= bytes) await this.launch(delivery);
    return next;
  }

  /** Sends the open request as soon as there is room for one more. */
  private async launch(delivery: Delivery<Request>): Promise<void> {
    await delivery.room();
    const request = this.filling;
    if (request === null) return;
    const ready = request.isEmpty ? null : this.builder.take();
    this.filling = null;
    delivery.begin(request, ready);
    if (request.isEmpty) this.builder = this.newBuilder();
  }

  private positions(delivery: Delivery<Request>): Position[] {
    return this.fed.list().map(({ topic, partition, offset }) => {
      const open = this.filling?.first(topic, partition) ?? Number.POSITIVE_INFINITY;
      return { topic, partition, offset: Math.min(offset, open, delivery.first(topic, partition)) };
    });
  }

  private newBuilder(): RequestBuilder<Request> {
    return this.store.builder((row) => this.filling?.refused.push(row));
  }

  private opened(): Delivery<Request> {
    if (this.delivery) {
      this.delivery.check();
      return this.delivery;
    }
    throw sinkFailed(`sink "${this.name}" is not open, or failed before; open it first`, true);
  }
}
