import type { SinkBatch } from '../sink.js';
import type { RowDialect } from './row-dialect.js';
import { RowEncoder } from './row-encoder.js';

/** Streams, and columns of one stream, whose encoders are kept at hand. */
const STREAMS_MAX = 4096;
const OF_STREAM_MAX = 16;

/** The encoders of streams, each made once for a schema and a set of tags. */
export class RowEncoders {
  private readonly byStream = new Map<string, RowEncoder[]>();

  constructor(private readonly dialect: RowDialect) {}

  of({ batch, tags }: SinkBatch): RowEncoder {
    const { stream, schema } = batch;
    let encoders = this.byStream.get(stream);
    if (!encoders) {
      if (this.byStream.size >= STREAMS_MAX) this.byStream.clear();
      this.byStream.set(stream, (encoders = []));
    }
    for (const encoder of encoders) {
      if (encoder.schema.fingerprint === schema.fingerprint && sameTags(encoder.tags, tags)) return encoder;
    }
    if (encoders.length >= OF_STREAM_MAX) encoders.length = 0;
    const encoder = new RowEncoder(this.dialect, stream, schema, tags, { nonFinite: 0 });
    encoders.push(encoder);
    return encoder;
  }
}

export function sameTags(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
