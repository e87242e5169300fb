import { type Batch, cellAt } from '../../../columnar/batch.js';
import type { DecodeContext, RowRefusal, TimeRule } from '../../../gateway/decoders/decoder.js';
import type { StreamBuilder } from '../../../gateway/stream-builder.js';

export type Cell = number | bigint | boolean | string | null;

/** A row as plain values, nulls left out. */
export interface PlainRow {
  timeUs: number;
  cells: Record<string, Cell>;
}

export const RECEIVED_US = 1_711_111_111_123_456;

/** A context that keeps what is refused. */
export function context(time: TimeRule | null = null): DecodeContext & { refused: RowRefusal[] } {
  const refused: RowRefusal[] = [];
  return { receivedUs: RECEIVED_US, time, refused, refuseRow: (refusal) => refused.push(refusal) };
}

export function plainRows(batch: Batch | null): PlainRow[] {
  const rows: PlainRow[] = [];
  for (let i = 0; batch !== null && i < batch.rows; i++) {
    const cells: Record<string, Cell> = Object.create(null);
    batch.schema.fields.forEach((field, c) => {
      const cell = cellAt(batch, c, i);
      if (cell !== null) cells[field.name] = cell;
    });
    rows.push({ timeUs: batch.timeUs[i]!, cells });
  }
  return rows;
}

/** All rows a builder has to give. */
export function closeAll(builder: StreamBuilder): PlainRow[] {
  const rows: PlainRow[] = [];
  for (let batch = builder.close(); batch !== null; batch = builder.close()) rows.push(...plainRows(batch));
  return rows;
}

/** `name: type` of all columns. */
export function typesOf(builder: StreamBuilder): Record<string, string> {
  return Object.fromEntries(builder.schema.fields.map((field) => [field.name, field.type]));
}
