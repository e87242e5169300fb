import { type ColumnType, type Field, field, Schema } from '../columnar/schema.js';
import { PitwallError } from '../core/errors.js';
import { COLUMNS_MAX } from '../core/limits.js';

/** What a column holds, whatever the width of its cells. A column never changes its kind; its type may widen. */
export type ColumnKind = 'number' | 'bool' | 'text';

export function kindOf(type: ColumnType): ColumnKind {
  return type === 'utf8' ? 'text' : type === 'bool' ? 'bool' : 'number';
}

export type Merge =
  | { schema: Schema; changed: boolean; contradiction: null }
  | { schema: null; changed: false; contradiction: Contradiction };

export interface Contradiction {
  column: string;
  known: ColumnType;
  found: ColumnType;
}

/**
 * The schema of a stream after rows with the columns of `batch`: new columns are added at the end, numbers widen, and
 * a column of another kind (text where numbers were) is a contradiction. `schema` is `known` itself when nothing
 * changes. Throws `too-many-columns`.
 */
export function mergeSchema(known: Schema | null, batch: Schema): Merge {
  if (known === null || known === batch) return { schema: batch, changed: known === null, contradiction: null };
  let fields: Field[] | null = null;
  for (const found of batch.fields) {
    const at = known.indexOf(found.name);
    if (at < 0) {
      fields ??= [...known.fields];
      fields.push(found);
      continue;
    }
    const before = known.fields[at]!;
    const wide = widerField(before, found);
    if (wide === null) {
      const contradiction = { column: found.name, known: before.type, found: found.type };
      return { schema: null, changed: false, contradiction };
    }
    if (wide !== before) {
      fields ??= [...known.fields];
      fields[at] = wide;
    }
  }
  if (fields === null) return { schema: known, changed: false, contradiction: null };
  if (fields.length > COLUMNS_MAX) {
    throw new PitwallError(
      'too-many-columns',
      `the stream would have ${fields.length} columns; the limit is ${COLUMNS_MAX}`,
      { stage: 'decode' },
    );
  }
  return { schema: new Schema(fields), changed: true, contradiction: null };
}

const INTEGER_RANK: Partial<Record<ColumnType, number>> = { u8: 0, i16: 1, i32: 2, i64: 3 };

/**
 * The narrowest field of ours that takes the cells of both, or null when their kinds differ; `a` itself when it does.
 * Whole numbers stay whole; everything else, and numbers of different scale, meet in `f64`. (Records carry their own
 * schema, so an i64 beyond ±2^53 on the bus loses nothing by it.)
 */
export function widerField(a: Field, b: Field): Field | null {
  if (kindOf(a.type) !== kindOf(b.type)) return null;
  if (a.type === b.type && a.scale === b.scale && a.offset === b.offset) return a;
  const rankA = INTEGER_RANK[a.type];
  const rankB = INTEGER_RANK[b.type];
  if (rankA !== undefined && rankB !== undefined && isPlain(a) && isPlain(b)) return rankA >= rankB ? a : b;
  return a.type === 'f64' ? a : field(a.name, 'f64');
}

function isPlain(f: Field): boolean {
  return f.scale === 1 && f.offset === 0;
}
