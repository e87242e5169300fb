import type { Message } from 'kafkajs';
import { COMPRESSION_TYPES } from './codecs.js';
import type { KafkaCompression } from './kafka-connection.js';
import type { Broker, ProducerIdentity } from './kafka-internals.js';
import type { TransactionConnection } from './transaction-connection.js';

export interface TransactionalProducerOptions {
  transactionalId: string;
  /** A transaction that is open for longer is aborted by the brokers. */
  timeoutMs: number;
  compression: KafkaCompression;
}

/** A message for a transaction, with where it goes. */
export interface TransactionMessage extends Message {
  topic: string;
  partition: number;
  value: Buffer;
}

/** One record batch on its way: the same bytes with the same numbers, however often it is sent. */
interface Sending {
  topic: string;
  partition: number;
  firstSequence: number;
  messages: TransactionMessage[];
}

/** Of a message, beside its key and value. */
const MESSAGE_BYTES = 128;
/** Sequence numbers are int32 and begin again at 0. */
const SEQUENCES = 2 ** 31;
const WRITE_MS = 30_000;

/**
 * Writes with one transactional id. What is sent becomes visible to readers of committed messages when it is committed,
 * together, or never. Whoever calls `init` with the same id ends what others have begun with it and fences them: their
 * requests are refused from then on. Not for concurrent use; after a fault it is of no more use.
 *
 * kafkajs has a producer for it, which has connections of its own for each transactional id, waits 300 ms when the last
 * transaction is not over yet, and takes a broker that has answered for one that needs nothing more, so that the
 * messages of a partition that moves there in the middle of a request are not sent, and no error says so.
 */
export class TransactionalProducer {
  private identity: ProducerIdentity = { producerId: '-1', producerEpoch: -1 };
  private readonly sequences = new Map<string, number>();
  /** Partitions of the transaction that is open. */
  private readonly members = new Set<string>();

  constructor(
    private readonly connection: TransactionConnection,
    private readonly options: TransactionalProducerOptions,
  ) {}

  /** Resolves when nothing of an earlier transaction is left open: all of it is committed, or aborted. */
  async init(): Promise<void> {
    const { transactionalId, timeoutMs } = this.options;
    const request = { transactionalId, transactionTimeout: timeoutMs };
    this.identity = await this.connection.coordinated(transactionalId, (broker) => broker.initProducerId(request));
  }

  /** Begins a transaction if none is open. No record batch has more than `batchBytesMax`, but for one of a larger message. */
  async send(messages: readonly TransactionMessage[], batchBytesMax: (topic: string) => number): Promise<void> {
    if (messages.length === 0) return;
    const queues = byPartition(messages);
    await this.connection.target(new Set(messages.map(({ topic }) => topic)));
    await this.join([...queues.values()].map((queue) => queue[0]!));
    // A batch of each partition at a time: brokers know a repetition by the order in which they come.
    for (const taken = new Map<string, number>(); queues.size > 0; ) {
      const round = new Set<Sending>();
      for (const [name, queue] of queues) {
        const at = taken.get(name) ?? 0;
        const end = batchEnd(queue, at, batchBytesMax(queue[0]!.topic));
        round.add(this.numbered(name, queue.slice(at, end)));
        taken.set(name, end);
        if (end === queue.length) queues.delete(name);
      }
      await this.connection.led(round, (leader, sendings) => this.produce(leader, sendings));
    }
  }

  commit(): Promise<void> {
    return this.end(true);
  }

  abort(): Promise<void> {
    return this.end(false);
  }

  private async end(transactionResult: boolean): Promise<void> {
    if (this.members.size === 0) return;
    const { transactionalId } = this.options;
    const request = { transactionalId, ...this.identity, transactionResult };
    await this.connection.coordinated(transactionalId, (broker) => broker.endTxn(request));
    this.members.clear();
  }

  /** Makes partitions part of the transaction. */
  private async join(partitions: readonly { topic: string; partition: number }[]): Promise<void> {
    const fresh = partitions.filter(({ topic, partition }) => !this.members.has(`${topic}/${partition}`));
    if (fresh.length === 0) return;
    const { transactionalId } = this.options;
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of fresh) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
    const request = {
      transactionalId,
      ...this.identity,
      topics: [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers })),
    };
    await this.connection.coordinated(transactionalId, (broker) => broker.addPartitionsToTxn(request));
    for (const { topic, partition } of fresh) this.members.add(`${topic}/${partition}`);
  }

  private numbered(name: string, messages: TransactionMessage[]): Sending {
    const { topic, partition } = messages[0]!;
    const firstSequence = this.sequences.get(name) ?? 0;
    this.sequences.set(name, (firstSequence + messages.length) % SEQUENCES);
    return { topic, partition, firstSequence, messages };
  }

  private produce(leader: Broker, sendings: readonly Sending[]): Promise<unknown> {
    const topics = new Map<string, Sending[]>();
    for (const sending of sendings) {
      const partitions = topics.get(sending.topic);
      if (partitions) partitions.push(sending);
      else topics.set(sending.topic, [sending]);
    }
    return leader.produce({
      transactionalId: this.options.transactionalId,
      ...this.identity,
      acks: -1,
      timeout: WRITE_MS,
      compression: COMPRESSION_TYPES[this.options.compression],
      topicData: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    });
  }
}

function byPartition(messages: readonly TransactionMessage[]): Map<string, TransactionMessage[]> {
  const queues = new Map<string, TransactionMessage[]>();
  for (const message of messages) {
    const name = `${message.topic}/${message.partition}`;
    const queue = queues.get(name);
    if (queue) queue.push(message);
    else queues.set(name, [message]);
  }
  return queues;
}

/** Where the batch that starts at `at` ends: it has at least one message. */
function batchEnd(queue: readonly TransactionMessage[], at: number, bytesMax: number): number {
  let bytes = 0;
  let end = at;
  while (end < queue.length) {
    bytes += queue[end]!.value.length + (queue[end]!.key?.length ?? 0) + MESSAGE_BYTES;
    if (bytes > bytesMax && end > at) break;
    end++;
  }
  return end;
}
