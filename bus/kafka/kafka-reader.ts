import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { isOutOfRange, KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import type { BusReader, BusRecord, ReadRun } from '../bus.js';
import { recordOf, schemaOf } from './kafka-message.js';
import type { KafkaTopics } from './kafka-topics.js';
import { SchemaTopic } from './schema-topic.js';

/** So often a reader makes sure that its topics are those it began with. */
const IDENTITY_MS = 5_000;

/** Reads the topics of a bus from Kafka, with connections of its own. Not for concurrent use. */
export class KafkaReader implements BusReader {
  private readonly fetcher: KafkaFetcher;
  private readonly schemas: SchemaTopic;
  private readonly schemaFetcher: KafkaFetcher;
  /** Kafka topic → its id, of those whose id was asked for. */
  private readonly ids = new Map<string, string>();
  private checkedMs = performance.now();

  constructor(
    connection: KafkaConnection,
    private readonly topics: KafkaTopics,
    readonly partitions: number,
    options: KafkaClientOptions,
  ) {
    this.fetcher = new KafkaFetcher(connection, options);
    this.schemaFetcher = new KafkaFetcher(connection, options);
    this.schemas = new SchemaTopic(topics.schemas, this.schemaFetcher);
  }

  async read(topic: string, partition: number, offset: number, bytesMax: number): Promise<ReadRun> {
    const name = this.topics.of(topic);
    if (performance.now() - this.checkedMs > IDENTITY_MS) await this.check();
    let messages: Awaited<ReturnType<KafkaFetcher['take']>>;
    try {
      messages = await this.fetcher.take(name, partition, offset, bytesMax);
    } catch (error) {
      if (!isOutOfRange(error)) throw error;
      return this.outside(topic, partition, offset);
    }
    const run: ReadRun = { records: [], next: offset, dropped: 0 };
    let foreign = 0;
    for (const message of messages) {
      // Compaction and broker transactions of others leave gaps; deletion by age at the start was counted below.
      run.next = message.offset + 1;
      const record = recordOf(message);
      if (record === null) {
        foreign++;
        continue;
      }
      const fingerprint = schemaOf(message);
      if (fingerprint !== 0 && !this.schemas.get(fingerprint)) await this.schemas.load();
      run.records.push(record as BusRecord);
    }
    if (foreign > 0) run.foreign = foreign;
    return run;
  }

  wait(waitMs: number): Promise<boolean> {
    return this.fetcher.wait(waitMs);
  }

  behind(topic: string, partition: number, offset: number): number {
    return Math.max(0, this.fetcher.knownEnd(this.topics.of(topic), partition) - offset);
  }

  async end(topic: string, partition: number): Promise<number> {
    return (await this.fetcher.bounds(this.topics.of(topic), partition)).end;
  }

  async start(topic: string, partition: number): Promise<number> {
    return (await this.fetcher.bounds(this.topics.of(topic), partition)).start;
  }

  schema(fingerprint: number): Schema | undefined {
    return this.schemas.get(fingerprint);
  }

  async topicId(topic: string): Promise<string> {
    const name = this.topics.of(topic);
    const id = (await this.fetcher.ids([name])).get(name) ?? '';
    this.ids.set(name, id);
    return id;
  }

  async close(): Promise<void> {
    await Promise.all([this.fetcher.close(), this.schemaFetcher.close()]);
  }

  /**
   * An offset of a topic that is gone may be there in the one that took its place, and what is before it would be missed.
   * Nothing is read twice by one who goes on from the start: the rows have the same origins.
   */
  private async check(): Promise<void> {
    this.checkedMs = performance.now();
    if (this.ids.size === 0) return;
    const now = await this.fetcher.ids([...this.ids.keys()]);
    for (const [name, id] of this.ids) {
      const found = now.get(name);
      if (id === '' || found === undefined || found === id) continue;
      throw new PitwallError('bus-failed', `Kafka topic ${name} was deleted and made anew: it is read from its start`, {
        stage: 'bus',
        retryable: true,
      });
    }
  }

  /** The offset was dropped, lies at the end, or is beyond it: then the topic was made anew, and reading starts again. */
  private async outside(topic: string, partition: number, offset: number): Promise<ReadRun> {
    const name = this.topics.of(topic);
    this.fetcher.forget(name, partition);
    const { start, end } = await this.fetcher.bounds(name, partition);
    if (offset > end) await this.check();
    if (offset < start) return { records: [], next: start, dropped: start - offset };
    if (offset <= end) return { records: [], next: offset, dropped: 0 };
    return { records: [], next: start, dropped: 0, restarted: true };
  }
}
