import type { Schema } from '../columnar/schema.js';

/**
 * The bus: topics of partitions of records, in the order they were appended, durable when `commit` resolves.
 *
 * Contract, held by `test/contract/bus.ts` for every implementation:
 * - Offsets of a partition count 0, 1, 2 … without a gap.
 * - A commit is atomic over all it holds: records of any partitions, facts and schemas. After a crash at any point
 *   either all of it is there, or comes by itself, or nothing.
 * - Readers see only committed records, in order, and read on from any offset that is still kept. Each is there once,
 *   or more than once with the same origin where the bus spans machines (see Deduplicator).
 * - Nothing that a registered reader has not passed is dropped, unless the bus was told to (`drop-oldest`), which
 *   counts what it drops.
 */
export interface Bus extends BusReader {
  /** Starts a commit. One may be open while another is being made durable. */
  begin(): Commit;

  /** A fact: a small durable value under a table and a key, committed together with records. */
  fact(table: string, key: string): Buffer | undefined;
  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]>;

  /** Every reader that must not miss anything says where it is; what all have passed may be dropped. */
  hold(reader: string, topic: string, partition: number, offset: number): void;

  /** Bytes of records kept, over all topics. */
  readonly storedBytes: number;
}

/** The reading side of a bus. */
export interface BusReader {
  /** Partitions of every topic of this bus; fixed when it was first opened. */
  readonly partitions: number;

  /**
   * The records of a partition from `offset` on, up to about `bytesMax` (at least one record when there is any).
   * Empty when nothing is there yet, or when a bus on other machines has not answered for this partition: `end` says
   * which. When `offset` has been dropped, reading starts at the first record kept, and `dropped` says how many were
   * missed. The values are views, valid until the next read of this bus.
   */
  read(topic: string, partition: number, offset: number, bytesMax: number): ReadRun | Promise<ReadRun>;

  /** The offset the next record of the partition will get; what has been committed, as this reader sees it now. */
  end(topic: string, partition: number): number | Promise<number>;
  /** The first offset still kept. */
  start(topic: string, partition: number): number | Promise<number>;

  /** A registered schema. That of a record is known when `read` has given the record. */
  schema(fingerprint: number): Schema | undefined;

  /**
   * Waits for more records of what was read last and came to its end: true when there may be some, false after
   * `waitMs`. Only a bus whose readers nobody wakes has it.
   */
  wait?(waitMs: number): Promise<boolean>;

  /** Records from `offset` on that were there at the last read: for a bus where `end` asks another machine. */
  behind?(topic: string, partition: number, offset: number): number;

  /**
   * The id of a topic, which is another where the topic was deleted and made anew. When that happens to one whose id was
   * asked for, reading fails soon (`bus-failed`, retryable). Only where others can delete topics; empty where the bus
   * does not tell.
   */
  topicId?(topic: string): Promise<string>;

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

/** Rows of one number of a writer: `rows` of them from `firstRow` on. */
export interface OriginPart {
  sequence: number;
  firstRow: number;
  rows: number;
}

export interface RecordMeta {
  kind: RecordKind;
  /** Entity key; empty for a tick, which moves time for all entities of its partition. */
  key: string;
  /** Empty for a tick. */
  stream: string;
  /** When the gateway received it, microseconds since 1970. */
  receivedUs: number;
  /**
   * Its origin: who wrote it, and that writer's number for the partition, ascending. What was sent again after a crash
   * has the same origin, and readers drop it (see Deduplicator).
   */
  writer: string;
  sequence: number;
  /**
   * Where the rows of the record have several origins (small records were merged), or are some of the rows of one
   * number: the parts, in the order of the rows. Absent: all rows of `sequence`. Kept where a bus spans machines; a log
   * on one machine, where nothing is written twice, does without.
   */
  parts?: readonly OriginPart[];
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
  /** Messages in between that are none of ours, where others can write to the bus too. */
  foreign?: number;
  /** The offset lies beyond the end: the topic was deleted and made anew, and `next` is where it starts. */
  restarted?: true;
}

/** Topic of what devices sent, and of what was refused. A processor's output topic is its name. */
export const TELEMETRY_TOPIC = 'telemetry';
/** Where it is spread over several topics of Kafka, each is a topic of the bus. */
export function telemetryIn(kafkaTopic: string): string {
  return `${TELEMETRY_TOPIC}@${kafkaTopic}`;
}

export function isTelemetry(topic: string): boolean {
  return topic === TELEMETRY_TOPIC || topic.startsWith(`${TELEMETRY_TOPIC}@`);
}

export const DEAD_LETTERS_TOPIC = 'dead-letters';
