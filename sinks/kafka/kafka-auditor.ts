import { PitwallError } from '../../core/errors.js';
import { GrowingTimes } from '../../core/growing-times.js';
import { committedMessages } from '../../kafka/committed-messages.js';
import { type FetchedMessage, KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { TopicAdmin } from '../../kafka/topic-admin.js';
import type { AuditedStream, Auditor } from '../auditor.js';
import { kafkaSinkFault } from './kafka-sink-fault.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';
import { RowTimes } from './row-times.js';
import { TopicNames } from './topic-names.js';

/** A transaction that was just committed has its end in the topic a moment later. */
const ENDS_MS = 5_000;

/** What a message says. */
type Found = { stream: AuditedStream; times: number[] } | { unreadable: string };

/** What stands in a topic. */
interface TopicRows {
  byStream: Map<string, GrowingTimes>;
  /** Messages of its streams that hold no rows, and the first of them. */
  unreadable: { count: number; first: string };
}

/**
 * Reads the topics of a Kafka sink, each once and whole, as a consumer of committed messages sees it: rows in transactions
 * that have not ended are not there yet. The stream of a message stands in its header.
 */
export class KafkaAuditor implements Auditor {
  private readonly names: TopicNames;
  private readonly rows: RowTimes;
  private readonly fetcher: KafkaFetcher;
  private readonly admin: TopicAdmin;
  private readonly streams = new Map<string, AuditedStream>();
  private readonly topics = new Map<string, TopicRows>();

  constructor(
    private readonly sink: string,
    private readonly options: Omit<KafkaSinkOptions, 'feeder'>,
  ) {
    const { connection, topic } = options;
    this.names = new TopicNames(topic);
    this.rows = new RowTimes(options);
    const client = { clientId: `pitwall-audit-${sink}` };
    this.fetcher = new KafkaFetcher(connection, { ...client, transactions: true });
    this.admin = new TopicAdmin(connection, client);
  }

  begin(streams: readonly AuditedStream[]): void {
    for (const stream of streams) this.streams.set(stream.name, stream);
  }

  async *times({ name, tags }: AuditedStream): AsyncIterable<Float64Array> {
    const topic = this.names.of(name, tags);
    let found = this.topics.get(topic);
    if (!found) this.topics.set(topic, (found = await this.readTopic(topic)));
    const times = found.byStream.get(name);
    if (times) yield times.sorted();
    found.byStream.delete(name);
  }

  async faults(): Promise<string[]> {
    const { format } = this.options;
    return [...this.topics].flatMap(([topic, { unreadable }]) => {
      const { count, first } = unreadable;
      const what = `topic ${topic} has ${count} messages of its streams that cannot be read as ${format} rows`;
      return count > 0 ? [`${what}; the first: ${first}`] : [];
    });
  }

  async close(): Promise<void> {
    await this.fetcher.close();
    await this.admin.close();
  }

  private async readTopic(topic: string): Promise<TopicRows> {
    const found: TopicRows = { byStream: new Map(), unreadable: { count: 0, first: '' } };
    try {
      const ends = (await this.admin.ends([topic])).get(topic) ?? [];
      for (const partition of ends.keys()) await this.readPartition(topic, partition, found);
    } catch (error) {
      throw kafkaSinkFault(this.sink, `reading ${topic}`, error);
    }
    return found;
  }

  private async readPartition(topic: string, partition: number, { byStream, unreadable }: TopicRows): Promise<void> {
    const take = (message: FetchedMessage) => this.take(message, `partition ${partition}`);
    for await (const found of committedMessages(this.fetcher, topic, partition, { take, endsMs: ENDS_MS })) {
      if ('unreadable' in found) {
        if (unreadable.count++ === 0) unreadable.first = found.unreadable;
        continue;
      }
      const { stream, times } = found;
      let all = byStream.get(stream.name);
      if (!all) byStream.set(stream.name, (all = new GrowingTimes()));
      for (const time of times) if (time >= stream.fromUs && time <= stream.toUs) all.push(time);
    }
    this.fetcher.forget(topic, partition);
  }

  /** Null for streams that are not asked for, and for messages of others. */
  private async take(message: FetchedMessage, place: string): Promise<Found | null> {
    const { headers, offset } = message;
    const stream = headers.stream === undefined ? undefined : this.streams.get(String(headers.stream));
    if (!stream) return null;
    try {
      return { stream, times: await this.rows.of(message) };
    } catch (error) {
      // Of the registry.
      if (error instanceof PitwallError) throw error;
      return { unreadable: `${place} offset ${offset}: ${(error as Error).message}` };
    }
  }
}
