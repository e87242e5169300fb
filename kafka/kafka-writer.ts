import type { ICustomPartitioner, Message, Producer } from 'kafkajs';
import { settles } from '../core/settles.js';
import { COMPRESSION_TYPES } from './codecs.js';
import { type KafkaClientOptions, kafkaClient } from './kafka-client.js';
import type { KafkaCompression, KafkaConnection } from './kafka-connection.js';
import { kafkaFault } from './kafka-fault.js';
import { KafkaSockets } from './kafka-sockets.js';
import { withinMs } from './within-ms.js';

/**
 * A send that takes longer has failed: its connection may have fallen silent, and kafkajs would try it there again and
 * again. Longer than a broker may take (30 s) for one that is only slow.
 */
const SEND_MS = 45_000;
/** How long an orderly end may take. */
const CLOSE_MS = 3_000;

export interface TopicMessages {
  topic: string;
  messages: Message[];
}

/** A producer and its connections. */
interface Link {
  producer: Producer;
  sockets: KafkaSockets;
  connected: Promise<void>;
}

/** Every message names its partition. */
const asNamed: ICustomPartitioner =
  () =>
  ({ message }) =>
    message.partition!;

/**
 * Writes messages with acks=all through the idempotent producer, one call at a time. What a call sends to a partition is
 * one record batch, which Kafka appends whole or not at all.
 *
 * A call that failed may have been stored all the same. kafkajs would give the next messages the numbers of those, and
 * a broker that has them would take the next for a repetition and drop them: so after a fault the producer is replaced,
 * and what is sent again may stand in the topic twice.
 */
export class KafkaWriter {
  private link: Link | null = null;
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly options: KafkaClientOptions & { compression: KafkaCompression },
  ) {}

  /** Resolves when every replica in sync has all of it. Each message names its partition. */
  send(topicMessages: TopicMessages[]): Promise<void> {
    const sent = this.running.then(() => this.sendNow(topicMessages));
    this.running = sent.catch(() => {});
    return sent;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { link } = this;
    if (link) await settles(link.producer.disconnect(), CLOSE_MS).catch(() => {});
    this.cut();
  }

  private async sendNow(topicMessages: TopicMessages[]): Promise<void> {
    try {
      await withinMs('what was written', this.sendOn(this.open(), topicMessages), SEND_MS);
    } catch (error) {
      this.cut();
      const topics = topicMessages.map(({ topic }) => topic).join(', ');
      throw kafkaFault(error, `writing to ${topics}`);
    }
  }

  private async sendOn({ producer, connected }: Link, topicMessages: TopicMessages[]): Promise<void> {
    await connected;
    await producer.sendBatch({
      acks: -1,
      compression: COMPRESSION_TYPES[this.options.compression],
      topicMessages: topicMessages.map(({ topic, messages }) => ({ topic, messages: grouped(messages) })),
    });
  }

  private open(): Link {
    if (this.closed) throw new Error('the writer is closed');
    if (this.link) return this.link;
    const sockets = new KafkaSockets();
    const producer = kafkaClient(this.connection, { ...this.options, sockets }).producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: asNamed,
      metadataMaxAge: 60_000,
      // The idempotent producer would try for ever; here the caller decides.
      retry: { retries: this.options.retries ?? 5, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
    this.link = { producer, sockets, connected: producer.connect() };
    return this.link;
  }

  /** Nothing of what was sent on it is waited for, or tried again, any more. */
  private cut(): void {
    const { link } = this;
    this.link = null;
    link?.sockets.cut(new Error('the connection was cut'));
    link?.producer.disconnect().catch(() => {});
  }
}

/**
 * The messages, whose `reduce` gives what kafkajs reduces them to: lists by partition. Its own way there copies a list for
 * every message in it, which for the 20,000 messages that a batch may have takes seconds.
 */
function grouped(messages: readonly Message[]): Message[] {
  const byPartition: Record<number, Message[]> = {};
  for (const message of messages) (byPartition[message.partition!] ??= []).push(message);
  return Object.defineProperty(messages.slice(), 'reduce', { value: () => byPartition });
}
