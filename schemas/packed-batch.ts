import type avro from 'avsc';
import type { Field } from '../columnar/schema.js';
import { type ByteSource, loadAvroType } from './avro-views.js';

/**
 * A `TelemetryBatch` as it stands on the wire: header fields, and views of its bytes. `schemas/telemetry-batch.avsc` says
 * what each holds. Views are valid as long as the bytes it was read from.
 */
export interface PackedBatch {
  seq: number;
  stream: string;
  schema: number;
  columns: Field[];
  t0Us: number;
  periodUs: number;
  rows: number;
  nulls: Uint8Array | ByteSource;
  data: Uint8Array | ByteSource;
}

const type: avro.Type = loadAvroType('telemetry-batch');
const NO_FIELDS: Field[] = [];
const HEADER_BYTES_MAX = 96;

/** An upper bound of what `writePacked` takes. */
export function packedBytesMax(batch: PackedBatch): number {
  let bytes = HEADER_BYTES_MAX + batch.stream.length * 3 + batch.nulls.byteLength + batch.data.byteLength;
  for (const column of batch.columns) bytes += column.name.length * 3 + 24;
  return bytes;
}

/** Writes the batch at `at`; returns the position behind it. The target must have `packedBytesMax` bytes left. */
export function writePacked(batch: PackedBatch, target: Buffer, at: number): number {
  const end = type.encode(batch, target, at);
  if (end < 0) throw new RangeError('the target of writePacked is too small');
  return end;
}

/** The batch written into memory of its own. */
export function encodePacked(batch: PackedBatch): Buffer {
  const target = Buffer.allocUnsafe(packedBytesMax(batch));
  return target.subarray(0, writePacked(batch, target, 0));
}

/** The batch for the bus: no columns of its own, the registered schema's fingerprint instead. */
export function forBus(batch: PackedBatch, fingerprint: number): PackedBatch {
  const { stream, t0Us, periodUs, rows, nulls, data } = batch;
  return { seq: 0, stream, schema: fingerprint, columns: NO_FIELDS, t0Us, periodUs, rows, nulls, data };
}
