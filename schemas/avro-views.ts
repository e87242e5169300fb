import { readFileSync } from 'node:fs';
import avro from 'avsc';

/** Bytes that write themselves, so that columns go straight into the record's buffer. */
export interface ByteSource {
  readonly byteLength: number;
  copyTo(target: Buffer, at: number): void;
}

interface Tap {
  buf: Buffer;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}

const BaseBytes = avro.types.BytesType as unknown as new () => object;

/**
 * Avro `bytes` without copies: reads a view of the input instead of a copy, and writes Buffers and ByteSources. Rests
 * on avsc's `_read`/`_write`/`_skip` of a type, which the pinned version keeps and the codec's tests hold against
 * plain avsc.
 */
class BytesView extends BaseBytes {
  _read(tap: Tap): Buffer | undefined {
    const length = tap.readLong();
    const start = tap.pos;
    if (!(length >= 0) || length > tap.buf.length - start) {
      tap.pos = tap.buf.length + 1;
      return undefined;
    }
    tap.pos = start + length;
    return tap.buf.subarray(start, start + length);
  }

  _write(tap: Tap, value: Uint8Array | ByteSource): void {
    const length = value.byteLength;
    tap.writeLong(length);
    const start = tap.pos;
    tap.pos = start + length;
    if (tap.pos > tap.buf.length) return;
    if (value instanceof Uint8Array) tap.buf.set(value, start);
    else value.copyTo(tap.buf, start);
  }
}

/** `schemas/NAME.avsc` as JSON. */
function readAvroSchema(name: string): avro.Schema {
  return JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'));
}

/** `schemas/NAME.avsc` as one line of JSON, for a schema registry. */
export function avroSchemaText(name: string): string {
  return JSON.stringify(readAvroSchema(name));
}

/** Loads `schemas/NAME.avsc`, with every `bytes` field read as a view of the input. */
export function loadAvroType(name: string): avro.Type {
  return avro.Type.forSchema(readAvroSchema(name), {
    typeHook: (schema: unknown) =>
      schema === 'bytes' || (schema as { type?: string }).type === 'bytes'
        ? (new BytesView() as unknown as avro.Type)
        : undefined,
  } as unknown as avro.ForSchemaOptions);
}
