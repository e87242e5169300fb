import { Schema } from '../../columnar/schema.js';
import type { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import type { KafkaWriter } from '../../kafka/kafka-writer.js';

const READ_BYTES = 4 * 1024 * 1024;

/**
 * The schemas of a bus, in a compacted topic of one partition: key = fingerprint, value = the columns as JSON. A schema
 * is written before any record that names it, so a reader that meets an unknown one finds it by reading on.
 */
export class SchemaTopic {
  private readonly schemas = new Map<number, Schema>();
  private next = 0;

  constructor(
    private readonly topic: string,
    private readonly fetcher: KafkaFetcher,
  ) {}

  get(fingerprint: number): Schema | undefined {
    return this.schemas.get(fingerprint);
  }

  /** Reads on until the end of the topic. */
  async load(): Promise<void> {
    if (this.next === 0) this.next = (await this.fetcher.bounds(this.topic, 0)).start;
    for (;;) {
      const messages = await this.fetcher.take(this.topic, 0, this.next, READ_BYTES);
      if (messages.length === 0) return;
      for (const { key, value, offset } of messages) {
        this.next = offset + 1;
        if (key && value) this.learn(Number(key.toString()), value);
      }
    }
  }

  /** Writes those that are not known yet. */
  async write(schemas: Iterable<Schema>, writer: KafkaWriter): Promise<void> {
    const fresh = [...schemas].filter((schema) => !this.schemas.has(schema.fingerprint));
    if (fresh.length === 0) return;
    const messages = fresh.map((schema) => ({
      partition: 0,
      key: String(schema.fingerprint),
      value: JSON.stringify(schema.fields),
    }));
    await writer.send([{ topic: this.topic, messages }]);
    for (const schema of fresh) this.schemas.set(schema.fingerprint, schema);
  }

  /** What somebody else wrote into the topic is left alone. */
  private learn(fingerprint: number, value: Buffer): void {
    try {
      const schema = new Schema(JSON.parse(value.toString()));
      if (schema.fingerprint === fingerprint) this.schemas.set(fingerprint, schema);
    } catch {}
  }
}
