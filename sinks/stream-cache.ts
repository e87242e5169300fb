import type { Schema } from '../columnar/schema.js';
import { sameTags } from '../core/same-tags.js';
import type { SinkBatch } from './sink.js';

const STREAMS_MAX = 4096;
const KINDS_MAX = 16;

type Tags = Readonly<Record<string, string>>;

interface Kind<T> {
  schema: Schema;
  tags: Tags;
  value: T;
}

/** What is made once for records of one stream, schema and set of tags; a bounded number of them. */
export class StreamCache<T> {
  private readonly streams = new Map<string, Kind<T>[]>();

  constructor(private readonly make: (record: SinkBatch) => T) {}

  of(record: SinkBatch): T {
    const { batch, tags } = record;
    const { stream, schema } = batch;
    let kinds = this.streams.get(stream);
    const known = kinds?.find(
      (kind) => (kind.schema === schema || kind.schema.fingerprint === schema.fingerprint) && sameTags(kind.tags, tags),
    );
    if (known) return known.value;
    if (!kinds) {
      if (this.streams.size >= STREAMS_MAX) this.streams.clear();
      this.streams.set(stream, (kinds = []));
    }
    if (kinds.length >= KINDS_MAX) kinds.shift();
    const value = this.make(record);
    kinds.push({ schema, tags, value });
    return value;
  }
}
