import { setImmediate as turn } from 'node:timers/promises';
import type { Schema } from '../../columnar/schema.js';
import type { KafkaWriter, PackedMessages, TopicMessages } from '../../kafka/kafka-writer.js';
import { isTelemetry } from '../bus.js';
import { messageOf, type OutgoingMessage, type RegistryPrefix } from '../kafka/kafka-message.js';
import type { SchemaTopic } from '../kafka/schema-topic.js';
import type { LogBus } from '../log/log-bus.js';
import { mergeRecords } from './merge-records.js';
import { isTooLarge, sendTooLarge } from './too-large.js';
import type { TopicRouter } from './topic-router.js';

/** Of one partition in one request: what Kafka appends as one batch. Halved when the topic takes less. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_BYTES_MIN = 16 * 1024;
/** After so many requests that were taken batches are doubled again: it may have been one large record. */
const TAKEN_TO_GROW = 200;
/** Of all partitions in one request. */
const ROUND_BYTES = 8 * 1024 * 1024;
/** A merged message stays below this: large enough to cost little, small enough to pass through every reader. */
const MESSAGE_BYTES_MAX = 256 * 1024;
const MESSAGE_ROWS_MAX = 65_536;

export interface ForwardPosition {
  topic: string;
  partition: number;
  /** The next record of the spool to send. */
  offset: number;
}

export interface ForwarderParts {
  spool: LogBus;
  router: TopicRouter;
  /** Topics of the bus that are forwarded. */
  forwarded: readonly string[];
  writer: KafkaWriter;
  schemas: SchemaTopic;
  registry: RegistryPrefix | null;
  /** Called with the topics of each request before it is sent. */
  prepare?(topics: readonly string[]): Promise<void>;
  /** How long the first record waits for more; 0 = not at all. */
  lingerMs: number;
}

interface Cursor extends ForwardPosition {
  /** Where a round that is prepared, but not sent, ends. */
  prepared: number;
}

interface Round {
  batches: TopicMessages[];
  packed: PackedMessages | null;
  ends: { cursor: Cursor; offset: number }[];
  schemas: Map<number, Schema>;
  records: number;
  bytes: number;
}

/**
 * Sends what is in the spool to Kafka: in order within a partition, with acks=all, small records of a stream merged into
 * larger messages. While one request is under way the next is prepared. After a fault, or a crash, it goes on where Kafka
 * is known to have everything before; what was stored all the same stands there twice, with the same origins.
 */
export class Forwarder {
  private readonly cursors: Cursor[] = [];
  private readonly known = new Map<number, Schema>();
  private ahead: Round | null = null;
  private batchBytes = BATCH_BYTES;
  /** Requests that were taken since a batch was last too large, or batches were doubled. */
  private taken = 0;
  private lingerSince = 0;
  /** The last request was large: there is no waiting for more. */
  busy = false;
  /** Which partition a round begins with, so that none waits for ever behind others. */
  private first = 0;
  /** Records that Kafka would not take at any size. */
  refused = 0;

  constructor(
    private readonly parts: ForwarderParts,
    resume: readonly ForwardPosition[],
  ) {
    for (const topic of parts.forwarded) {
      for (let partition = 0; partition < parts.spool.partitions; partition++) {
        const at = resume.find((each) => each.topic === topic && each.partition === partition);
        const offset = Math.max(at?.offset ?? 0, parts.spool.start(topic, partition));
        this.cursors.push({ topic, partition, offset, prepared: offset });
      }
    }
  }

  /** Everything before is in Kafka. */
  positions(): ForwardPosition[] {
    return this.cursors.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  get more(): boolean {
    return this.ahead !== null || this.pending > 0;
  }

  /** Records of the spool that Kafka does not have. */
  get pending(): number {
    const { spool } = this.parts;
    return this.cursors.reduce((sum, { topic, partition, offset }) => sum + spool.end(topic, partition) - offset, 0);
  }

  /**
   * Sends one request; returns how many records of the spool it held, 0 when nothing is there or the linger is not over
   * (`dueMs` says how long that takes). Throws when Kafka does not take it: call it again later.
   */
  async step(flush = false): Promise<{ records: number; bytes: number; dueMs: number | null }> {
    const dueMs = flush || this.busy || this.ahead ? 0 : this.lingering();
    if (dueMs !== 0) return { records: 0, bytes: 0, dueMs };
    const round = this.ahead ?? this.prepare();
    this.ahead = null;
    this.lingerSince = 0;
    this.busy = round !== null && round.bytes >= ROUND_BYTES / 4;
    if (round === null) return { records: 0, bytes: 0, dueMs: null };
    try {
      await this.send(round);
    } catch (error) {
      this.ahead = null;
      this.rewind();
      if (!isTooLarge(error)) throw error;
      await this.shrink(round);
      return { records: 0, bytes: 0, dueMs: 0 };
    }
    for (const { cursor, offset } of round.ends) cursor.offset = offset;
    if (this.batchBytes < BATCH_BYTES && ++this.taken >= TAKEN_TO_GROW) this.resize(this.batchBytes * 2);
    return { records: round.records, bytes: round.bytes, dueMs: null };
  }

  /** How long the records that are there still wait for more; null when there are none. */
  private lingering(): number | null {
    if (!this.more) return null;
    if (this.lingerSince === 0) this.lingerSince = performance.now();
    return Math.max(0, this.parts.lingerMs - (performance.now() - this.lingerSince));
  }

  private async send(round: Round): Promise<void> {
    await this.parts.prepare?.(round.batches.map(({ topic }) => topic));
    await this.parts.schemas.write(round.schemas.values(), this.parts.writer);
    // Ticks go nowhere as long as nothing else has.
    const { writer } = this.parts;
    const packed = round.packed ?? (await writer.pack(round.batches));
    const sent = writer.sendPacked(packed);
    // By the next turn the request is in the socket; while the brokers work on it the next one is made.
    const failed = sent.then(
      () => false,
      () => true,
    );
    await turn();
    if (!(await Promise.race([failed, false]))) await this.lookAhead();
    await sent;
  }

  private async lookAhead(): Promise<void> {
    const round = this.prepare();
    if (round === null) return;
    round.packed = await this.parts.writer.pack(round.batches);
    this.ahead = round;
  }

  /** What comes next, up to the bounds of a request; null when there is nothing. */
  private prepare(): Round | null {
    const round: Round = { batches: [], packed: null, ends: [], schemas: new Map(), records: 0, bytes: 0 };
    const count = this.cursors.length;
    const byTopic = new Map<string, OutgoingMessage[]>();
    for (let i = 0; i < count && round.bytes < ROUND_BYTES; i++) {
      const cursor = this.cursors[(this.first + i) % count]!;
      this.take(cursor, round, byTopic);
    }
    this.first = (this.first + 1) % count;
    if (round.ends.length === 0) return null;
    for (const [topic, messages] of byTopic) round.batches.push({ topic, messages });
    return round;
  }

  private take(cursor: Cursor, round: Round, byTopic: Map<string, OutgoingMessage[]>): void {
    const { topic, partition } = cursor;
    const { spool, router, registry } = this.parts;
    const run = spool.read(topic, partition, cursor.prepared, this.batchBytes);
    cursor.prepared = run.next;
    if (run.records.length === 0) return;
    const merged = mergeRecords(run.records, (fingerprint) => this.schema(fingerprint), {
      bytesMax: Math.min(MESSAGE_BYTES_MAX, this.batchBytes / 2),
      rowsMax: MESSAGE_ROWS_MAX,
    });
    const put = (name: string, message: OutgoingMessage): void => {
      const messages = byTopic.get(name);
      if (messages) messages.push(message);
      else byTopic.set(name, [message]);
    };
    const spreads = router.spreads && isTelemetry(topic);
    for (const message of merged) {
      const isTick = spreads && message.kind === 'tick';
      const name = isTick ? null : router.topicOf(topic, message.stream);
      if (name !== null) {
        if (message.schema !== 0) this.note(round, message.schema);
        // What goes as it is stands in the spool's buffer, which the next read uses again.
        const isView = message.value?.buffer === run.records[0]!.value.buffer;
        const value = isView ? Buffer.from(message.value!) : message.value;
        put(name, messageOf(partition, message, value, message.schema, registry));
        round.bytes += value?.length ?? 0;
      }
      if (!spreads) continue;
      const { receivedUs, writer, sequence } = message;
      for (const due of router.ticksDue(partition, receivedUs, name)) {
        const tick = { kind: 'tick', key: '', stream: '', receivedUs, writer, sequence, tags: '' } as const;
        put(due, messageOf(partition, tick, null, 0, null));
      }
    }
    round.records += run.records.length;
    round.ends.push({ cursor, offset: run.next });
  }

  private rewind(): void {
    for (const cursor of this.cursors) cursor.prepared = cursor.offset;
  }

  /** A batch was larger than its topic takes: smaller ones from now on; where that is one record, it is cut by rows. */
  private async shrink(round: Round): Promise<void> {
    const smallest = this.batchBytes <= BATCH_BYTES_MIN;
    this.resize(this.batchBytes / 4);
    if (!smallest) return;
    for (const { cursor } of round.ends) {
      const { topic, partition } = cursor;
      const run = this.parts.spool.read(topic, partition, cursor.offset, 1);
      for (const record of run.records) {
        this.refused += await sendTooLarge(record, partition, topic, this.parts, (number) => this.schema(number));
      }
      cursor.offset = cursor.prepared = run.next;
    }
  }

  private resize(bytes: number): void {
    this.batchBytes = Math.max(BATCH_BYTES_MIN, Math.min(BATCH_BYTES, bytes));
    this.taken = 0;
  }

  private note(round: Round, fingerprint: number): void {
    const schema = this.schema(fingerprint);
    if (schema) round.schemas.set(fingerprint, schema);
  }

  private schema(fingerprint: number): Schema | undefined {
    let schema = this.known.get(fingerprint);
    if (!schema) {
      schema = this.parts.spool.schema(fingerprint);
      if (schema) this.known.set(fingerprint, schema);
    }
    return schema;
  }
}
