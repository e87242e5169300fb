import type { Batch, Column } from '../../columnar/batch.js';
import { float64ToInt64 } from '../../columnar/int64.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import type { Accumulator, AggregateSet } from '../aggregates/aggregate-set.js';
import { mergeBatches } from '../outputs.js';
import type { Emit } from '../verbs/lane-state.js';

export const WINDOW_END = 'windowEndUs';

/** Gathers the windows that a call gives, and makes rows of them: start, end, then the aggregates in their order. */
export class WindowRows {
  private startsUs: number[] = [];
  private endsUs: number[] = [];
  private accumulators: Accumulator[] = [];
  private batches: Batch[] = [];
  /** By the fields of results, which are the same object for the same columns. */
  private readonly schemas = new Map<readonly Field[], Schema>();

  constructor(private readonly aggregates: AggregateSet) {}

  /** A window whose accumulator stays as it is until `flush` or `settle`. */
  push(startUs: number, endUs: number, accumulator: Accumulator, stream: string): void {
    if (this.startsUs.length > 0 && startUs < this.startsUs.at(-1)!) this.settle(stream);
    this.startsUs.push(startUs);
    this.endsUs.push(endUs);
    this.accumulators.push(accumulator);
  }

  /** Takes the values of the windows pushed so far. */
  settle(stream: string): void {
    const rows = this.startsUs.length;
    if (rows === 0) return;
    const { fields, columns } = this.aggregates.results(this.accumulators);
    this.add(Float64Array.from(this.startsUs), Float64Array.from(this.endsUs), fields, columns, stream);
    this.startsUs = [];
    this.endsUs = [];
    this.accumulators = [];
  }

  /** Windows with their values, ascending by their start. */
  add(
    startsUs: Float64Array,
    endsUs: Float64Array,
    fields: readonly Field[],
    columns: readonly Column[],
    stream: string,
  ): void {
    const rows = startsUs.length;
    const ends = new BigInt64Array(rows);
    float64ToInt64(endsUs, ends, rows);
    const end: Column = { values: ends, nulls: null, dictionary: null };
    this.batches.push({
      stream,
      schema: this.schemaOf(fields),
      rows,
      timeUs: startsUs,
      columns: [end, ...columns],
    });
  }

  /** Hands out all that was gathered, in its order. */
  flush(stream: string, emit: Emit): void {
    this.settle(stream);
    if (this.batches.length === 0) return;
    const batches = this.batches;
    this.batches = [];
    for (const batch of batches.length === 1 ? batches : mergeBatches(batches)) emit(batch);
  }

  private schemaOf(fields: readonly Field[]): Schema {
    let schema = this.schemas.get(fields);
    if (!schema) this.schemas.set(fields, (schema = new Schema([field(WINDOW_END, 'i64'), ...fields])));
    return schema;
  }
}
