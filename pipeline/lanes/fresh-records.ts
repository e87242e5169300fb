import type { BusReader, BusRecord } from '../../bus/bus.js';
import { Deduplicator, type Mark, originOf } from '../../bus/deduplicate.js';
import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { checkPacked } from '../../schemas/check-packed.js';
import { dropRows } from '../../schemas/drop-rows.js';
import { type ReadPackedBatch, readPacked } from '../../schemas/read-packed.js';

/** The rows of a record that were not taken before. */
export interface FreshRows {
  packed: ReadPackedBatch;
  schema: Schema;
}

/**
 * Takes each record of a partition once from a bus where some may stand twice, and where others may have written what is
 * no record. First `isNew`, for every record in order, then `rows` of those that are wanted.
 */
export class FreshRecords {
  private readonly deduplicator: Deduplicator;
  private taken = 0;

  constructor(
    private readonly bus: Pick<BusReader, 'schema'>,
    marks: Iterable<Mark> = [],
    /** False where each record stands once: then all are new. */
    private readonly repeats = true,
  ) {
    this.deduplicator = new Deduplicator(marks);
  }

  isNew(record: BusRecord): boolean {
    if (!this.repeats) return true;
    this.taken = this.deduplicator.take(originOf(record), record.sequence, record.parts);
    return this.taken !== Number.POSITIVE_INFINITY;
  }

  /** The new rows of the record that `isNew` was last asked about. Throws for what is no batch that can be relied on. */
  rows(record: BusRecord): FreshRows {
    const packed = readPacked(record.value);
    const schema = this.bus.schema(packed.schema);
    if (!schema) {
      throw new PitwallError('unknown-schema', `the schema ${packed.schema} is not in the schemas topic`, {
        stage: 'bus',
      });
    }
    if (!checkPacked(packed, schema)) {
      throw new PitwallError('bad-time', 'the times of the batch do not ascend', { stage: 'bus' });
    }
    return { packed: this.taken > 0 ? dropRows(packed, schema, this.taken) : packed, schema };
  }

  /** All of them. */
  get marks(): Mark[] {
    return this.deduplicator.snapshot();
  }

  /** Marks that changed since the last call. */
  takeChanges(): Mark[] {
    return this.deduplicator.takeChanges();
  }
}
