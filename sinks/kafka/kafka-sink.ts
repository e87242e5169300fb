import { settles } from '../../core/settles.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { TopicAdmin } from '../../kafka/topic-admin.js';
import { TransactionConnection } from '../../kafka/transaction-connection.js';
import { TransactionalProducer } from '../../kafka/transactional-producer.js';
import type { Position, Sink, SinkBatch } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import type { EncodeCounts } from '../text/row-encoder.js';
import { TextBuffer } from '../text/text-buffer.js';
import { kafkaSinkFault } from './kafka-sink-fault.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';
import { readPositions } from './kept-positions.js';
import { PartitionWriter } from './partition-writer.js';
import { Routes } from './routes.js';

/** Held rows beyond this are sent before the flush, in the transaction that it commits. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;
const SLAB_BYTES = 256 * 1024;
/** A process that died with a transaction open holds up readers of committed messages for so long, unless it comes back. */
const TRANSACTION_MS = 60_000;
const ABORT_MS = 2_000;
/** Producers that are initialised at the same time. */
const INIT_AT_ONCE = 32;

/**
 * Rows as messages for others' consumers, see its README. Each partition of the input has a transactional id of its own,
 * so that whoever takes the partition over fences whoever had it, and only partitions with rows cost a transaction. A
 * transaction holds the rows and the position behind them. After an error only `open` helps.
 */
export class KafkaSink implements Sink {
  /** NaN and infinite cells since the sink was made; in JSON they are `null`. */
  readonly counts: EncodeCounts = { nonFinite: 0 };
  private readonly admin: TopicAdmin;
  private connection: TransactionConnection | null = null;
  private routes: Routes;
  private writers = new Map<number, PartitionWriter>();
  private out = new TextBuffer(SLAB_BYTES);
  private ready = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly options: KafkaSinkOptions,
  ) {
    this.admin = new TopicAdmin(options.connection, this.client('admin'));
    this.routes = this.newRoutes();
  }

  open(): Promise<Position[]> {
    return this.guard('opening', async () => {
      this.ready = false;
      this.connection?.cut();
      // Topics may have been deleted, and ids of a registry have changed.
      this.routes = this.newRoutes();
      await this.routes.open();
      const { positions: topic } = this.routes.names;
      this.connection = await TransactionConnection.open(this.options.connection, this.client('writer'), topic);
      this.writers = await this.initWriters(this.connection);
      const positions = await this.readPositions();
      for (const { topic, partition, offset } of positions) this.writers.get(partition)!.start(topic, offset);
      this.out = new TextBuffer(SLAB_BYTES);
      this.ready = true;
      return positions;
    });
  }

  write(batches: readonly SinkBatch[]): Promise<void> {
    return this.guard('writing', async () => {
      this.mustBeOpen();
      for (const entry of batches) {
        const { topic, partition, offset, batch, receivedUs } = entry;
        const writer = this.writers.get(partition);
        if (!writer)
          throw sinkFailed(`kafka sink "${this.name}" does not own partition ${partition} of ${topic}`, false);
        if (!writer.takes(topic, offset) || batch.rows === 0) continue;
        const route = await this.routes.of(entry);
        // What was written before stands in the buffer until it is sent.
        if (this.out.at >= SLAB_BYTES) this.out = new TextBuffer(SLAB_BYTES);
        writer.outbox.add(route, batch, receivedUs, this.out);
        if (this.heldBytes > HELD_BYTES_MAX) await this.each((each) => each.send());
      }
    });
  }

  flush(force: boolean): Promise<Position[]> {
    return this.guard('flushing', async () => {
      this.mustBeOpen();
      await this.each((writer) => writer.commit(force));
      return [...this.writers.values()].flatMap((writer) => writer.positions());
    });
  }

  close(): Promise<void> {
    return this.guard('closing', async () => {
      if (this.ready)
        await settles(
          this.each((writer) => writer.abort()),
          ABORT_MS,
        ).catch(() => {});
      this.ready = false;
      this.connection?.cut();
      this.connection = null;
      this.writers.clear();
      await this.admin.close();
    });
  }

  private get heldBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.writers.values()) bytes += outbox.bytes;
    return bytes;
  }

  private client(part: string) {
    return { clientId: `pitwall-sink-${this.name}-${part}` };
  }

  private newRoutes(): Routes {
    return new Routes(this.name, this.options, this.admin, this.counts);
  }

  /** From here on nobody else writes what these partitions hold, and what others have begun is over. */
  private async initWriters(connection: TransactionConnection): Promise<Map<number, PartitionWriter>> {
    const { feeder, compression, rows } = this.options;
    const writers = new Map<number, PartitionWriter>();
    const producers = feeder.partitions.map((partition) => {
      const transactionalId = `pitwall-${this.name}-${feeder.bus}-${partition}`;
      const producer = new TransactionalProducer(connection, {
        transactionalId,
        timeoutMs: TRANSACTION_MS,
        compression,
      });
      writers.set(partition, new PartitionWriter(this.name, partition, producer, this.routes, rows));
      return producer;
    });
    for (let at = 0; at < producers.length; at += INIT_AT_ONCE) {
      await Promise.all(producers.slice(at, at + INIT_AT_ONCE).map((producer) => producer.init()));
    }
    return writers;
  }

  private async readPositions(): Promise<Position[]> {
    const fetcher = new KafkaFetcher(this.options.connection, { ...this.client('positions'), transactions: true });
    try {
      const { positions } = this.routes.names;
      return await readPositions(fetcher, positions, this.name, new Set(this.writers.keys()));
    } finally {
      await fetcher.close();
    }
  }

  /** Also waits for the others where one fails, so that nothing goes on behind an `open`. */
  private async each(action: (writer: PartitionWriter) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled([...this.writers.values()].map(action));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.out = new TextBuffer(SLAB_BYTES);
  }

  private mustBeOpen(): void {
    if (!this.ready) throw sinkFailed(`kafka sink "${this.name}" is not open, or failed before; open it first`, true);
  }

  /** Runs one action after another, and turns what it throws into the sink's errors. */
  private guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    const result = this.last.then(action).catch((error: unknown) => {
      this.ready = false;
      throw kafkaSinkFault(this.name, doing, error);
    });
    this.last = result.catch(() => undefined);
    return result;
  }
}
