import type { Message } from 'kafkajs';
import { settles } from '../core/settles.js';
import { COMPRESSION_TYPES, compressorOf } from './codecs.js';
import { IdempotentProducer } from './idempotent-producer.js';
import type { KafkaClientOptions } from './kafka-client.js';
import type { KafkaCompression, KafkaConnection } from './kafka-connection.js';
import { kafkaFault } from './kafka-fault.js';
import { BatchPacker, type PackedBatch } from './record-batch.js';
import { withinMs } from './within-ms.js';

/**
 * A send that takes longer has failed: its connection may have fallen silent. Longer than a broker may take (30 s) for one
 * that is only slow.
 */
const SEND_MS = 45_000;
/** How long an orderly end may take. */
const CLOSE_MS = 3_000;
/** Attempts of a call beyond the first. */
const RETRIES = 5;

export interface TopicMessages {
  topic: string;
  messages: Message[];
}

/** Messages as they go over the wire, but for what is only known when they are sent. */
export interface PackedMessages {
  readonly batches: readonly PackedBatch[];
}

/**
 * Writes messages with acks=all through the idempotent producer, one call at a time. What a call sends to a partition is
 * one record batch, which Kafka appends whole or not at all.
 *
 * A call that failed may have been stored all the same. A broker that has it would take the next messages, with the numbers
 * of those, for a repetition and drop them: so after a fault the producer is replaced, and what is sent again may stand in
 * the topic twice.
 */
export class KafkaWriter {
  private producer: IdempotentProducer | null = null;
  private readonly packer: BatchPacker;
  private packing: Promise<unknown> = Promise.resolve();
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly options: KafkaClientOptions & { compression: KafkaCompression },
  ) {
    const { compression } = options;
    this.packer = new BatchPacker(COMPRESSION_TYPES[compression], compressorOf(compression));
  }

  /** Encodes and compresses, which may be done while an earlier call waits for the brokers. Each message names its partition. */
  pack(topicMessages: readonly TopicMessages[]): Promise<PackedMessages> {
    const packed = this.packing.then(() => this.packNow(topicMessages));
    this.packing = packed.catch(() => {});
    return packed;
  }

  /** Resolves when every replica in sync has all of it. */
  async send(topicMessages: readonly TopicMessages[]): Promise<void> {
    await this.sendPacked(await this.pack(topicMessages));
  }

  sendPacked({ batches }: PackedMessages): Promise<void> {
    const sent = this.running.then(() => this.sendNow(batches));
    this.running = sent.catch(() => {});
    return sent;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { producer } = this;
    if (producer) await settles(producer.close(), CLOSE_MS).catch(() => {});
    this.cut();
  }

  private async packNow(topicMessages: readonly TopicMessages[]): Promise<PackedMessages> {
    const groups = new Map<string, { topic: string; partition: number; messages: Message[] }>();
    for (const { topic, messages } of topicMessages) {
      for (const message of messages) {
        const partition = message.partition!;
        const name = `${topic}/${partition}`;
        const group = groups.get(name);
        if (group) group.messages.push(message);
        else groups.set(name, { topic, partition, messages: [message] });
      }
    }
    const batches: PackedBatch[] = [];
    for (const { topic, partition, messages } of groups.values()) {
      batches.push(await this.packer.pack(topic, partition, messages));
    }
    return { batches };
  }

  private async sendNow(batches: readonly PackedBatch[]): Promise<void> {
    if (batches.length === 0) return;
    try {
      if (this.closed) throw new Error('the writer is closed');
      this.producer ??= this.newProducer();
      await withinMs('what was written', this.producer.send(batches), SEND_MS);
    } catch (error) {
      this.cut();
      const topics = [...new Set(batches.map(({ topic }) => topic))].join(', ');
      throw kafkaFault(error, `writing to ${topics}`);
    }
  }

  private newProducer(): IdempotentProducer {
    const { compression: _, ...options } = this.options;
    return new IdempotentProducer(this.connection, options, options.retries ?? RETRIES);
  }

  /** Nothing of what was sent on it is waited for, or tried again, any more. */
  private cut(): void {
    const { producer } = this;
    this.producer = null;
    producer?.cut();
  }
}
