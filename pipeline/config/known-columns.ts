import { Schema } from '../../columnar/schema.js';
import { TIME_FIELDS } from '../../core/event-time.js';
import { covers } from './covers.js';
import { overlap } from './overlap.js';

/** What a declared pattern says of the columns of its streams. */
export interface DeclaredColumns {
  pattern: string;
  /** Null: it names none. */
  timeField: string | null;
  /** With the field of the time. Null: it declares none; `faulty`: one that cannot be read, which is reported elsewhere. */
  schema: Schema | 'faulty' | null;
}

/**
 * The columns of the streams that a pattern names; null where they are not known: some stream may have no schema, or
 * streams have different ones. Of several declared patterns that match a stream, the first that has a schema gives the
 * schema, and the first that names a field for the time gives that, which is no column.
 */
export function knownColumns(declared: readonly DeclaredColumns[], pattern: string): Schema | null {
  const found = new Map<number, Schema>();
  for (const { pattern: one, schema } of declared) {
    if (schema === null || !overlap(one, pattern)) continue;
    if (schema === 'faulty') return null;
    for (const timeField of timeFields(declared, one, pattern)) {
      const columns = withoutTime(schema, timeField);
      found.set(columns.fingerprint, columns);
    }
    if (found.size > 1) return null;
    // All streams have a schema by here, so that no later one counts.
    if (covers(one, pattern)) return [...found.values()][0]!;
  }
  return null;
}

/** The fields that may be the time in streams which match both patterns; null is that of no declaration. */
function timeFields(declared: readonly DeclaredColumns[], one: string, other: string): Set<string | null> {
  const fields = new Set<string | null>();
  for (const { pattern, timeField } of declared) {
    if (timeField === null || !overlap(pattern, one) || !overlap(pattern, other)) continue;
    fields.add(timeField);
    if (covers(pattern, one) || covers(pattern, other)) return fields;
  }
  return fields.add(null);
}

function withoutTime(schema: Schema, timeField: string | null): Schema {
  const time = timeField ?? TIME_FIELDS.find((name) => schema.indexOf(name) >= 0);
  return new Schema(schema.fields.filter(({ name }) => name !== time));
}
