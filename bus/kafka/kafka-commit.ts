import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import type { KafkaWriter } from '../../kafka/kafka-writer.js';
import type { Commit, RecordMeta, RecordValue } from '../bus.js';
import { messageOf, type OutgoingMessage, type RegistryPrefix } from './kafka-message.js';
import type { KafkaTopics } from './kafka-topics.js';
import type { SchemaTopic } from './schema-topic.js';

export interface KafkaCommitParts {
  topics: KafkaTopics;
  writer: KafkaWriter;
  schemas: SchemaTopic;
  registry: RegistryPrefix | null;
  /** Keeps the facts once Kafka has the records. */
  keepFacts(facts: ReadonlyMap<string, FactChange>): Promise<void>;
}

export interface FactChange {
  table: string;
  key: string;
  value: Buffer | null;
}

/**
 * Records written to Kafka, then facts kept elsewhere. Not atomic: after a crash in between the records are there and
 * the facts are as before, so that the same records are made and written again.
 */
export class KafkaCommit implements Commit {
  bytes = 0;
  records = 0;
  private readonly messages = new Map<string, OutgoingMessage[]>();
  private readonly schemas = new Map<number, Schema>();
  private readonly facts = new Map<string, FactChange>();
  /** The schema of the record that is appended next. */
  private fingerprint = 0;
  private state: 'open' | 'done' = 'open';

  constructor(private readonly parts: KafkaCommitParts) {}

  append(topic: string, partition: number, meta: RecordMeta, value: RecordValue): void {
    this.mustBeOpen();
    const buffer = Buffer.allocUnsafe(value.bytesMax);
    const bytes = buffer.subarray(0, value.write(buffer, 0));
    const name = this.parts.topics.of(topic);
    let messages = this.messages.get(name);
    if (!messages) this.messages.set(name, (messages = []));
    messages.push(messageOf(partition, meta, bytes, this.fingerprint, this.parts.registry));
    this.bytes += bytes.length;
    this.records++;
  }

  setFact(table: string, key: string, value: Uint8Array | null): void {
    this.mustBeOpen();
    this.facts.set(`${table}\0${key}`, { table, key, value: value === null ? null : Buffer.from(value) });
  }

  /** Also names the schema of the records that are appended from now on. */
  addSchema(schema: Schema): void {
    this.mustBeOpen();
    this.fingerprint = schema.fingerprint;
    this.schemas.set(schema.fingerprint, schema);
  }

  async commit(): Promise<void> {
    this.mustBeOpen();
    this.state = 'done';
    const { schemas, writer, keepFacts } = this.parts;
    if (this.messages.size > 0) {
      await schemas.write(this.schemas.values(), writer);
      await writer.send([...this.messages].map(([topic, messages]) => ({ topic, messages })));
    }
    if (this.facts.size > 0) await keepFacts(this.facts);
  }

  abandon(): void {
    this.state = 'done';
  }

  private mustBeOpen(): void {
    if (this.state === 'open') return;
    throw new PitwallError('internal', 'the commit has been committed or abandoned already', { stage: 'bus' });
  }
}
