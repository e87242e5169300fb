import type { PitwallError } from '../../core/errors.js';
import { typeOf } from '../../kafka/kafka-fault.js';
import type { TransactionalProducer, TransactionMessage } from '../../kafka/transactional-producer.js';
import type { Position } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import { positionMessage } from './kept-positions.js';
import { Outbox } from './outbox.js';
import type { Routes } from './routes.js';

/** Positions alone, without rows, are committed now and then: rows of others must not make a transaction of each tick. */
const POSITIONS_MS = 5_000;
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** One partition of the input: its rows and its positions become visible together. */
export class PartitionWriter {
  readonly outbox: Outbox;
  private readonly fed = new Map<string, number>();
  private readonly committed = new Map<string, number>();
  private hasRows = false;
  private committedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly sink: string,
    private readonly partition: number,
    private readonly producer: TransactionalProducer,
    private readonly routes: Routes,
    rows: 'one' | 'batch',
  ) {
    this.outbox = new Outbox(rows);
  }

  /** Where it goes on. */
  start(topic: string, offset: number): void {
    this.fed.set(topic, offset);
    this.committed.set(topic, offset);
  }

  /** Whether the record is new, which it is once. */
  takes(topic: string, offset: number): boolean {
    if (offset < (this.fed.get(topic) ?? 0)) return false;
    this.fed.set(topic, offset + 1);
    return true;
  }

  /** Sends what it holds, in the transaction. */
  async send(): Promise<void> {
    const messages = this.outbox.take();
    if (messages.length === 0) return;
    this.hasRows = true;
    await this.put(messages);
  }

  async commit(force: boolean): Promise<void> {
    const moved = [...this.fed].filter(([topic, offset]) => this.committed.get(topic) !== offset);
    if (moved.length === 0) return;
    const hasRows = this.hasRows || this.outbox.bytes > 0;
    if (!hasRows && !force && performance.now() - this.committedMs < POSITIONS_MS) return;
    const messages = this.outbox.take();
    for (const [topic, offset] of moved) {
      const message = positionMessage(this.sink, { topic, partition: this.partition, offset });
      messages.push({ ...message, topic: this.routes.names.positions, partition: 0 });
    }
    await this.put(messages);
    await this.producer.commit();
    for (const [topic, offset] of moved) this.committed.set(topic, offset);
    this.hasRows = false;
    this.committedMs = performance.now();
  }

  private async put(messages: readonly TransactionMessage[]): Promise<void> {
    try {
      await this.producer.send(messages, (topic) => this.routes.batchBytesMax(topic));
    } catch (error) {
      throw tooLarge(this.sink, messages, error) ?? error;
    }
  }

  /** So that readers need not wait until the brokers give up on it. */
  abort(): Promise<void> {
    return this.producer.abort();
  }

  positions(): Position[] {
    return [...this.committed].map(([topic, offset]) => ({ topic, partition: this.partition, offset }));
  }
}

/** Which one it was: brokers do not say. */
function tooLarge(sink: string, messages: readonly TransactionMessage[], error: unknown): PitwallError | null {
  if (!TOO_LARGE.includes(typeOf(error) ?? '')) return null;
  const { topic, value, headers } = messages.reduce((a, b) => (b.value.length > a.value.length ? b : a));
  const what = `a message of ${value.length} bytes, of stream ${headers?.stream}, is larger than topic ${topic} takes`;
  return sinkFailed(`kafka sink "${sink}": ${what}; raise its max.message.bytes`, false, error);
}
