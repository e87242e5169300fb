import type { Schema } from '../../columnar/schema.js';
import type { Commit, RecordMeta, RecordValue } from '../bus.js';
import type { LogBus } from '../log/log-bus.js';
import type { ForwardGate } from './forward-gate.js';
import type { ForwardPosition } from './forwarder.js';

/** A commit of the spool, which with a gate resolves when Kafka has its records too. */
export class SpooledCommit implements Commit {
  private readonly touched = new Map<string, { topic: string; partition: number }>();

  private readonly inner: Commit;

  constructor(
    private readonly spool: LogBus,
    private readonly gate: ForwardGate | null,
    /** Called when there is something to forward. */
    private readonly grew: () => void,
  ) {
    this.inner = spool.begin();
  }

  get bytes(): number {
    return this.inner.bytes;
  }

  get records(): number {
    return this.inner.records;
  }

  append(topic: string, partition: number, meta: RecordMeta, value: RecordValue): void {
    this.inner.append(topic, partition, meta, value);
    this.touched.set(`${topic}/${partition}`, { topic, partition });
  }

  setFact(table: string, key: string, value: Uint8Array | null): void {
    this.inner.setFact(table, key, value);
  }

  addSchema(schema: Schema): void {
    this.inner.addSchema(schema);
  }

  async commit(): Promise<void> {
    await this.inner.commit();
    if (this.touched.size === 0) return;
    this.grew();
    const targets: ForwardPosition[] = [...this.touched.values()].map(({ topic, partition }) => {
      return { topic, partition, offset: this.spool.end(topic, partition) };
    });
    await this.gate?.wait(targets);
  }

  abandon(): void {
    this.inner.abandon();
  }
}
