import type { Commit, RecordMeta, RecordValue } from '../bus/bus.js';
import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC } from '../bus/bus.js';
import type { LogBus } from '../bus/log/log-bus.js';
import { Ticker, type TickOrigin } from '../bus/ticker.js';
import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import { nowUs } from '../core/clock.js';
import { partitionOf } from '../core/partitioner.js';
import { entityKeyOf } from '../core/stream-name.js';
import type { CutWriter, GatewayStore } from '../gateway/gateway-store.js';
import { pack } from '../schemas/data-block.js';
import { type DeadLetter, encodeDeadLetter } from '../schemas/dead-letter.js';
import { type PackedBatch, packedBytesMax, writePacked } from '../schemas/packed-batch.js';

/** The gateway's cuts as commits of the bus: a record a closed batch, in the partition of its entity key. */
export class BusGatewayStore implements GatewayStore, TickOrigin {
  private readonly partitions = new Map<string, number>();
  private sequence: number;
  readonly ticker: Ticker;

  constructor(
    private readonly bus: LogBus,
    /** This gateway's name as the origin of its records. */
    readonly writer: string,
    /** The longest `wait` of a join, microseconds: so long ticks keep coming each second. */
    longestWaitUs: number,
    /** How a commit begins, and what is kept with each. */
    private readonly through: { begin(): Commit; committing?(commit: Commit): void } = bus,
  ) {
    // Numbers must ascend over restarts, failed commits included: no gateway writes a million records a second for long.
    this.sequence = nowUs();
    for (let p = 0; p < bus.partitions; p++) this.sequence = Math.max(this.sequence, bus.end(TELEMETRY_TOPIC, p));
    this.ticker = new Ticker(bus, this, nowUs(), longestWaitUs);
  }

  begin(): CutWriter {
    return new BusCutWriter(this, this.through.begin());
  }

  committing(commit: Commit): void {
    this.through.committing?.(commit);
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.bus.fact(table, key);
  }

  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]> {
    return this.bus.facts(table, prefix);
  }

  schema(fingerprint: number): Schema | undefined {
    return this.bus.schema(fingerprint);
  }

  nextSequence(): number {
    return ++this.sequence;
  }

  partition(key: string): number {
    let partition = this.partitions.get(key);
    if (partition === undefined) {
      partition = partitionOf(key, this.bus.partitions);
      if (this.partitions.size > 100_000) this.partitions.clear();
      this.partitions.set(key, partition);
    }
    return partition;
  }

  meta(key: string, stream: string, receivedUs: number): RecordMeta {
    return { kind: 'data', key, stream, receivedUs, writer: this.writer, sequence: this.nextSequence(), tags: '' };
  }
}

class BusCutWriter implements CutWriter {
  constructor(
    private readonly store: BusGatewayStore,
    private readonly commitment: Commit,
  ) {}

  addSchema(schema: Schema): void {
    this.commitment.addSchema(schema);
  }

  batch(key: string, batch: Batch, receivedUs: number): void {
    this.packed(key, pack(batch), batch.schema, receivedUs);
  }

  packed(key: string, batch: PackedBatch, schema: Schema, receivedUs: number): void {
    this.commitment.addSchema(schema);
    this.append(TELEMETRY_TOPIC, this.store.meta(key, batch.stream, receivedUs), new PackedValue(batch));
    this.store.ticker.saw(this.store.partition(key), receivedUs);
  }

  deadLetter(letter: DeadLetter): void {
    const bytes = encodeDeadLetter(letter);
    const meta = this.store.meta(entityKeyOf(letter.stream), letter.stream, letter.receivedUs);
    this.append(DEAD_LETTERS_TOPIC, meta, {
      bytesMax: bytes.length,
      write: (target, at) => at + bytes.copy(target, at),
    });
  }

  setFact(table: string, key: string, value: Uint8Array | null): void {
    this.commitment.setFact(table, key, value);
  }

  ticks(nowUs: number): number {
    return this.store.ticker.tick(nowUs, this.commitment);
  }

  commit(): Promise<void> {
    this.store.committing(this.commitment);
    return this.commitment.commit();
  }

  abandon(): void {
    this.commitment.abandon();
  }

  private append(topic: string, meta: RecordMeta, value: RecordValue): void {
    this.commitment.append(topic, this.store.partition(meta.key), meta, value);
  }
}

/** A packed batch that writes itself into the record. */
export class PackedValue implements RecordValue {
  readonly bytesMax: number;

  constructor(private readonly batch: PackedBatch) {
    this.bytesMax = packedBytesMax(batch);
  }

  write(target: Buffer, at: number): number {
    return writePacked(this.batch, target, at);
  }
}
