import type { Batch, Column } from '../../columnar/batch.js';
import { type Field, Schema } from '../../columnar/schema.js';

interface Placed {
  schema: Schema;
  /** For each column its place: in the input, or among the aggregates, which count from -1 down. */
  sources: number[];
}

/** The columns that a rolling step puts on rows, found once for each schema it meets. */
export class RollingColumns {
  private readonly known = new Map<readonly Field[], Map<number, Placed>>();
  private lastInput: Schema | null = null;
  private lastFields: readonly Field[] | null = null;
  private last: Placed | null = null;

  constructor(private readonly names: readonly string[]) {}

  /**
   * A replaced column keeps its place, new ones follow in their order; one that is unknown as yet is left out. `fields`
   * are the same object for the same columns.
   */
  put(batch: Batch, fields: readonly Field[], columns: readonly Column[]): Batch {
    if (batch.schema !== this.lastInput || fields !== this.lastFields) this.meet(batch.schema, fields);
    const { schema, sources } = this.last!;
    const { stream, rows, timeUs } = batch;
    const all = sources.map((at) => (at >= 0 ? batch.columns[at]! : columns[-1 - at]!));
    return { stream, schema, rows, timeUs, columns: all };
  }

  private meet(input: Schema, fields: readonly Field[]): void {
    let byInput = this.known.get(fields);
    if (!byInput) this.known.set(fields, (byInput = new Map()));
    let placed = byInput.get(input.fingerprint);
    if (!placed) byInput.set(input.fingerprint, (placed = this.place(input, fields)));
    this.lastInput = input;
    this.lastFields = fields;
    this.last = placed;
  }

  private place(input: Schema, fields: readonly Field[]): Placed {
    const out: Field[] = [];
    const sources: number[] = [];
    const take = (f: Field, source: number) => {
      out.push(f);
      sources.push(source);
    };
    for (const [i, f] of input.fields.entries()) {
      const at = fields.findIndex(({ name }) => name === f.name);
      if (at >= 0) take(fields[at]!, -1 - at);
      else if (!this.names.includes(f.name)) take(f, i);
    }
    for (const [at, f] of fields.entries()) if (input.indexOf(f.name) < 0) take(f, -1 - at);
    return { schema: new Schema(out), sources };
  }
}
