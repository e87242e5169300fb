import type { Schema } from '../../columnar/schema.js';
import { pack } from '../../schemas/data-block.js';
import { forBus, type PackedBatch, packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { readPacked } from '../../schemas/read-packed.js';
import { jsonPayload } from './json-payload.js';
import { messageStream, type Outgoing, type WireFormat } from './sender.js';

/** A frame without the description of its columns, and the number of its schema (0: it has none). */
export interface IngestFrame {
  data: Buffer | string;
  schema: number;
}

/**
 * Frames for `/ingest`. Packed frames are written without their columns; `ready` adds them to the first of a schema that
 * leaves on a connection, whichever that is after a reconnection. Schema numbers stay the same across connections.
 */
export class IngestFrames {
  private readonly numbers = new Map<number, number>();
  private readonly schemas: Schema[] = [];
  private readonly described = new Set<number>();

  constructor(private readonly format: WireFormat) {}

  /** A new connection: nothing is described on it yet. */
  reset(): void {
    this.described.clear();
  }

  write(message: Outgoing, seq: number): IngestFrame {
    const stream = messageStream(message);
    // Lines that are no rows travel where the time belongs: the gateway refuses the frame and keeps it whole.
    if ('raw' in message) return { data: JSON.stringify({ stream, seq, t: message.raw }), schema: 0 };
    if (this.format === 'json') {
      const payload = jsonPayload(message.batch);
      return { data: `{"stream":${JSON.stringify(stream)},"seq":${seq},${payload.slice(1)}`, schema: 0 };
    }
    const schema = this.numberOf(message.batch.schema);
    return { data: encode({ ...pack(message.batch), seq, schema }), schema };
  }

  /** What the frame is on the wire now; `left` says that it went. */
  ready({ data, schema }: IngestFrame): Buffer | string {
    if (schema === 0 || this.described.has(schema)) return data;
    const packed = readPacked(data as Buffer);
    return encode({ ...forBus(packed, schema), seq: packed.seq, columns: [...this.schemas[schema - 1]!.fields] });
  }

  left({ schema }: IngestFrame): void {
    if (schema !== 0) this.described.add(schema);
  }

  private numberOf(schema: Schema): number {
    let number = this.numbers.get(schema.fingerprint);
    if (number === undefined) {
      number = this.schemas.push(schema);
      this.numbers.set(schema.fingerprint, number);
    }
    return number;
  }
}

function encode(packed: PackedBatch): Buffer {
  const target = Buffer.allocUnsafe(packedBytesMax(packed));
  return target.subarray(0, writePacked(packed, target, 0));
}
