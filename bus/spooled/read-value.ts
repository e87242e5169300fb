import type { Schema } from '../../columnar/schema.js';
import { checkPacked } from '../../schemas/check-packed.js';
import { timeBoundsUs } from '../../schemas/data-block.js';
import { type ReadPackedBatch, readPacked } from '../../schemas/read-packed.js';

/** What the value of a record holds. */
export interface ReadValue {
  /** Null: no `TelemetryBatch` of the bus. */
  packed: ReadPackedBatch | null;
  /** Null: its rows cannot be relied on, or their schema is not known. It can only be handed on as it is. */
  schema: Schema | null;
  firstUs: number;
  lastUs: number;
}

export const NO_BATCH: ReadValue = { packed: null, schema: null, firstUs: 0, lastUs: 0 };

/** Looks into a value without copying it, and takes nothing on trust. Never throws. */
export function readValue(value: Buffer, schemaOf: (fingerprint: number) => Schema | undefined): ReadValue {
  // A batch on the bus has the number 0, for which Avro writes this byte: so a dead letter is told without an error.
  if (value[0] !== 0) return NO_BATCH;
  let packed: ReadPackedBatch | null = null;
  try {
    packed = readPacked(value);
    if (packed.columns.length > 0) return NO_BATCH;
    const schema = schemaOf(packed.schema);
    if (schema !== undefined && checkPacked(packed, schema)) {
      const [firstUs, lastUs] = timeBoundsUs(packed);
      return { packed, schema, firstUs, lastUs };
    }
  } catch {
    // It is not what it says. Readers will find out, too; no record is worth less than the others of the run.
  }
  return { packed, schema: null, firstUs: 0, lastUs: 0 };
}
