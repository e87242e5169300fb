import { type Field, Schema } from '../../columnar/schema.js';
import { COLUMNS_MAX } from '../../core/limits.js';
import { mergeFields } from '../joining/merge-fields.js';

/**
 * The columns that the rows of a lane have had so far, each in a type that holds all of its cells: what a cell is worked
 * on as, however the schema of the stream changes.
 */
export class LaneFields {
  schema: Schema;
  private learned: Schema | null = null;

  /** `chosen`: the names that matter; null for all. */
  constructor(
    private readonly chosen: ReadonlySet<string> | null,
    fields: readonly Field[] = [],
  ) {
    this.schema = new Schema(fields);
  }

  /** Whether the columns are others now. Throws an Error when one contradicts what came before. */
  learn(schema: Schema): boolean {
    if (schema === this.learned) return false;
    this.learned = schema;
    const before = this.schema;
    if (schema.fingerprint === before.fingerprint) return false;
    const fields = [...before.fields];
    for (const f of schema.fields) {
      if (this.chosen && !this.chosen.has(f.name)) continue;
      const at = before.indexOf(f.name);
      if (at < 0) fields.push(f);
      else fields[at] = mergeFields(fields[at]!, f);
    }
    if (fields.length > COLUMNS_MAX) throw new Error(`it has had more than ${COLUMNS_MAX} columns`);
    // The schema of the rows itself where it is all there has been, so that both are known to be one at a glance.
    const next = before.fields.length === 0 && !this.chosen ? schema : new Schema(fields);
    if (next.fingerprint === before.fingerprint) return false;
    this.schema = next;
    return true;
  }
}
