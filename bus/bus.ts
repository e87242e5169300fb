import type { Schema } from '../columnar/schema.js';

/**
 * The bus: topics of partitions of records, in the order they were appended, durable when `commit` resolves.
 *
 * Contract, held by `test/contract/bus.ts` for every implementation:
 * - Offsets of a partition count 0, 1, 2 … without a gap. One writer a partition.
 * - A commit is atomic over all it holds: records of any partitions, facts and schemas. After a crash at any point
 *   either all of it is there or nothing.
 * - Readers see only committed records, each once and in order, and read on from any offset that is still kept.
 * - Nothing that a registered reader has not passed is dropped, unless the bus was told to (`drop-oldest`), which
 *   counts what it drops.
 */
export interface Bus {
  /** Partitions of every topic of this bus; fixed when it was first opened. */
  readonly partitions: number;

  /** Starts a commit. One may be open while another is being made durable. */
  begin(): Commit;

  /**
   * The records of a partition from `offset` on, up to about `bytesMax` (at least one record when there is any).
   * Empty when nothing is there yet. When `offset` has been dropped, reading starts at the first record kept, and
   * `dropped` says how many were missed. The values are views, valid until the next read of this bus.
   */
  read(topic: string, partition: number, offset: number, bytesMax: number): ReadRun;

  /** The offset the next record of the partition will get; what has been committed, as this reader sees it now. */
  end(topic: string, partition: number): number;
  /** The first offset still kept. */
  start(topic: string, partition: number): number;

  /** A fact: a small durable value under a table and a key, committed together with records. */
  fact(table: string, key: string): Buffer | undefined;
  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]>;

  /** A registered schema. */
  schema(fingerprint: number): Schema | undefined;

  /** Every reader that must not miss anything says where it is; what all have passed may be dropped. */
  hold(reader: string, topic: string, partition: number, offset: number): void;

  /** Bytes of records kept, over all topics. */
  readonly storedBytes: number;

  close(): Promise<void>;
}

export interface Commit {
  /** Bytes of records in it so far. */
  readonly bytes: number;
  readonly records: number;
  /** Appends a record. `value` writes itself into the commit's buffer during the call. */
  append(topic: string, partition: number, meta: RecordMeta, value: RecordValue): void;
  /** Sets a fact, or removes it (null). */
  setFact(table: string, key: string, value: Uint8Array | null): void;
  /** Registers a schema; nothing happens when it is known. */
  addSchema(schema: Schema): void;
  /**
   * Makes all of it durable, in the order of `begin`. Waits while the bus is full and holds. Rejects with a
   * PitwallError `bus-failed`; then nothing of it is stored.
   */
  commit(): Promise<void>;
  /** Forgets it. */
  abandon(): void;
}

export type RecordKind = 'data' | 'tick';

export interface RecordMeta {
  kind: RecordKind;
  /** Entity key; empty for a tick, which moves time for all entities of its partition. */
  key: string;
  /** Empty for a tick. */
  stream: string;
  /** When the gateway received it, microseconds since 1970. */
  receivedUs: number;
  /** Who wrote it, and that writer's number for the partition, ascending. Readers drop what is not above the last. */
  writer: string;
  sequence: number;
  /** Tags that travel with the record, as JSON text; empty when there are none. */
  tags: string;
}

export interface RecordValue {
  /** An upper bound of the bytes it writes. */
  readonly bytesMax: number;
  /** Writes at `at` and returns the position behind. */
  write(target: Buffer, at: number): number;
}

export interface BusRecord extends RecordMeta {
  offset: number;
  /** An Avro `TelemetryBatch` (or `DeadLetter` in the dead-letters topic); empty for a tick. A view: see `read`. */
  value: Buffer;
}

export interface ReadRun {
  records: BusRecord[];
  /** Where to read on. */
  next: number;
  /** Records that were dropped before they could be read. */
  dropped: number;
}

/** Topic of what devices sent, and of what was refused. A processor's output topic is its name. */
export const TELEMETRY_TOPIC = 'telemetry';
export const DEAD_LETTERS_TOPIC = 'dead-letters';
