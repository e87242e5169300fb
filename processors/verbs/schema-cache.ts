import type { Batch } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';

/** What was compiled for a schema. Streams seldom change theirs, so the last one is looked at first. */
export class SchemaCache<T> {
  private readonly known = new Map<number, T>();
  private lastSchema: Schema | null = null;
  private last: T | null = null;

  constructor(private readonly make: (batch: Batch) => T) {}

  get(batch: Batch): T {
    const { schema } = batch;
    if (schema === this.lastSchema) return this.last!;
    let made = this.known.get(schema.fingerprint);
    if (made === undefined) this.known.set(schema.fingerprint, (made = this.make(batch)));
    this.lastSchema = schema;
    this.last = made;
    return made;
  }
}
