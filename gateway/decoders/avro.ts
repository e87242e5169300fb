import type { Batch } from '../../columnar/batch.js';
import { type Field, Schema } from '../../columnar/schema.js';
import { sortByTime } from '../../columnar/sort-by-time.js';
import { PitwallError } from '../../core/errors.js';
import { COLUMNS_MAX } from '../../core/limits.js';
import { checkColumns, checkPacked } from '../../schemas/check-packed.js';
import { unpack } from '../../schemas/data-block.js';
import { type ReadPackedBatch, readPacked } from '../../schemas/read-packed.js';

export { readSequence } from '../../schemas/read-packed.js';

/** Schema numbers of one connection, and the columns of all of them together. */
const SCHEMAS_MAX = 1024;
const DESCRIBED_COLUMNS_MAX = 4 * COLUMNS_MAX;

/** A frame that was read and held to account. Its bytes are views of the frame. */
export interface AvroBatch {
  packed: ReadPackedBatch;
  schema: Schema;
  /** Its times ascend, so it may go to the bus as it is; else `sortedBatch`. */
  ascending: boolean;
}

/**
 * The columns a device has described on its connection, by its own numbers. A number may be described again; the same
 * columns again cost little, so that a simple device may send them with every frame.
 */
export class AvroConnection {
  private readonly schemas = new Map<number, Schema>();
  private columns = 0;

  /** The columns of a frame, remembered if it describes them. Throws `unknown-schema`, `bad-payload`, `too-many-columns`. */
  schemaOf(packed: ReadPackedBatch): Schema {
    const known = this.schemas.get(packed.schema);
    if (packed.columns.length === 0) {
      if (known !== undefined) return known;
      throw refuse(
        'unknown-schema',
        `the frame has the schema number ${packed.schema}, which was not described on this connection: send its columns with the first frame after connecting`,
      );
    }
    if (known !== undefined && sameFields(known.fields, packed.columns)) return known;
    checkColumns(packed.columns);
    const columns = this.columns - (known?.fields.length ?? 0) + packed.columns.length;
    if (columns > DESCRIBED_COLUMNS_MAX || (known === undefined && this.schemas.size >= SCHEMAS_MAX)) {
      throw refuse(
        'too-many-columns',
        `the connection describes more than ${SCHEMAS_MAX} schemas, or ${DESCRIBED_COLUMNS_MAX} columns in all: use the numbers again`,
      );
    }
    const schema = new Schema(
      packed.columns.map(({ name, type, scale, offset }) => ({ name, type, scale, offset: offset + 0 })),
    );
    this.schemas.set(packed.schema, schema);
    this.columns = columns;
    return schema;
  }
}

/**
 * Reads a binary `TelemetryBatch` from a device. What it describes is remembered even when its rows are refused, since
 * the device will rely on it. Throws a PitwallError for whatever is wrong with it. Whether its columns contradict the
 * stream's is for `StreamBuilder.learn` to say.
 */
export function readAvro(frame: Buffer, connection: AvroConnection): AvroBatch {
  const packed = readPacked(frame);
  const schema = connection.schemaOf(packed);
  return { packed, schema, ascending: checkPacked(packed, schema) };
}

/** The rows in time order, equal stamps as they came, in memory of their own. */
export function sortedBatch({ packed, schema }: AvroBatch): Batch {
  return sortByTime(unpack([packed], packed.stream, schema));
}

function sameFields(a: readonly Field[], b: readonly Field[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const f = a[i]!;
    const g = b[i]!;
    if (f.name !== g.name || f.type !== g.type || f.scale !== g.scale || f.offset !== g.offset) return false;
  }
  return true;
}

function refuse(code: 'unknown-schema' | 'too-many-columns', message: string): PitwallError {
  return new PitwallError(code, message, { stage: 'decode' });
}
