import type { Bus, BusReader, Commit, ReadRun } from '../../../bus/bus.js';
import type { LogBus } from '../../../bus/log/log-bus.js';
import type { ForwardGate } from '../../../bus/spooled/forward-gate.js';
import { SpooledCommit } from '../../../bus/spooled/spooled-commit.js';
import type { Schema } from '../../../columnar/schema.js';

/**
 * Kafka behind a spool, as one bus: what is committed is durable in the spool at once, on its way to Kafka from then on,
 * and read from Kafka. With `ackBus` a commit resolves when Kafka has it. Facts stay in the spool.
 *
 * Somebody else drives the Forwarder and tells the gate how far it is. The product has its two sides in processes of their
 * own, and puts the same parts together there.
 */
export class SpooledBus implements Bus {
  readonly partitions: number;

  constructor(
    private readonly spool: LogBus,
    private readonly kafka: BusReader,
    private readonly gate: ForwardGate | null,
    /** Called when there is something to forward. */
    private readonly grew: () => void,
  ) {
    this.partitions = spool.partitions;
  }

  begin(): Commit {
    return new SpooledCommit(this.spool, this.gate, this.grew);
  }

  read(topic: string, partition: number, offset: number, bytesMax: number): ReadRun | Promise<ReadRun> {
    return this.kafka.read(topic, partition, offset, bytesMax);
  }

  end(topic: string, partition: number): number | Promise<number> {
    return this.kafka.end(topic, partition);
  }

  start(topic: string, partition: number): number | Promise<number> {
    return this.kafka.start(topic, partition);
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.spool.fact(table, key);
  }

  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]> {
    return this.spool.facts(table, prefix);
  }

  schema(fingerprint: number): Schema | undefined {
    return this.spool.schema(fingerprint) ?? this.kafka.schema(fingerprint);
  }

  hold(reader: string, topic: string, partition: number, offset: number): void {
    this.spool.hold(reader, topic, partition, offset);
  }

  get storedBytes(): number {
    return this.spool.storedBytes;
  }

  async close(): Promise<void> {
    await this.kafka.close();
    await this.spool.close();
  }
}
