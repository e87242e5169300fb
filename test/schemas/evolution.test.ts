import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COLUMN_TYPES, type ColumnType, field, Schema } from '../../columnar/schema.js';
import { kindOf, mergeSchema, widerField } from '../../schemas/evolution.js';

const types = fc.constantFrom(...COLUMN_TYPES);

test('kinds are number, bool and text, and only columns of one kind have a common type', () => {
  for (const a of COLUMN_TYPES) {
    for (const b of COLUMN_TYPES) {
      assert.equal(widerField(field('v', a), field('v', b)) !== null, kindOf(a) === kindOf(b), `${a} ${b}`);
    }
  }
});

test('whole numbers widen to the wider whole number, all else meets in f64', () => {
  for (const [a, b, wide] of [
    ['u8', 'i16', 'i16'],
    ['i64', 'u8', 'i64'],
    ['i32', 'i64', 'i64'],
    ['i32', 'f32', 'f64'],
    ['f32', 'f64', 'f64'],
    ['f32', 'f32', 'f32'],
    ['f64', 'i64', 'f64'],
    ['bool', 'bool', 'bool'],
    ['utf8', 'utf8', 'utf8'],
  ] as const) {
    assert.deepEqual(widerField(field('v', a), field('v', b)), field('v', wide));
  }
  const scaled = field('v', 'i16', 0.1);
  assert.equal(widerField(scaled, field('v', 'i16', 0.1)), scaled);
  assert.deepEqual(widerField(scaled, field('v', 'i16', 0.2)), field('v', 'f64'));
  assert.deepEqual(widerField(field('v', 'i16'), scaled), field('v', 'f64'));
});

test('merging is idempotent and gives the same types in any order', () => {
  const schema = fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), types), { selector: ([name]) => name, maxLength: 4 })
    .map((fields) => new Schema(fields.map(([name, type]) => field(name, type))));
  const byName = (merged: Schema) => Object.fromEntries(merged.fields.map((f) => [f.name, f.type]));
  fc.assert(
    fc.property(schema, schema, (a, b) => {
      const ab = mergeSchema(a, b);
      const ba = mergeSchema(b, a);
      assert.equal(ab.contradiction === null, ba.contradiction === null);
      if (ab.contradiction !== null || ba.contradiction !== null) return;
      assert.deepEqual(byName(ab.schema), byName(ba.schema));
      assert.equal(ab.changed, ab.schema.fingerprint !== a.fingerprint);
      if (!ab.changed) assert.equal(ab.schema, a);
      assert.deepEqual(mergeSchema(ab.schema, b), { schema: ab.schema, changed: false, contradiction: null });
      assert.deepEqual(
        ab.schema.fields.slice(0, a.fields.length).map((f) => f.name),
        a.fields.map((f) => f.name),
      );
    }),
  );
});

test('nothing known takes the batch as it is; a contradiction names column and types', () => {
  const batch = new Schema([field('a', 'i16', 0.1)]);
  assert.deepEqual(mergeSchema(null, batch), { schema: batch, changed: true, contradiction: null });
  const text = new Schema([field('z', 'f64'), field('a', 'utf8')]);
  assert.deepEqual(mergeSchema(batch, text).contradiction, { column: 'a', known: 'i16', found: 'utf8' });
});

test('more columns than the limit are refused', () => {
  const wide = (prefix: string, count: number) =>
    new Schema(Array.from({ length: count }, (_, i) => field(`${prefix}${i}`, 'u8' as ColumnType)));
  assert.equal(mergeSchema(wide('a', 2000), wide('b', 48)).schema?.fields.length, 2048);
  assert.throws(() => mergeSchema(wide('a', 2000), wide('b', 49)), { code: 'too-many-columns' });
});
