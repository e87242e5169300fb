import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ColumnType, field, Schema } from '../../columnar/schema.js';
import { BATCH_ROWS_MAX } from '../../core/limits.js';
import { RowCells } from '../../gateway/row-cells.js';
import { StreamBuilder, TAKEN } from '../../gateway/stream-builder.js';
import { checkPacked } from '../../schemas/check-packed.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { readPacked } from '../../schemas/read-packed.js';
import { closeAll, plainRows, typesOf } from './decoders/decoded.js';

type Value = number | boolean | string | null;

const cells = new RowCells();

function append(builder: StreamBuilder, timeUs: number, row: Record<string, Value>): number {
  cells.count = 0;
  for (const [name, value] of Object.entries(row)) cells.add(name, value);
  return builder.appendRow(cells, timeUs);
}

function known(type: ColumnType, scale = 1): StreamBuilder {
  return new StreamBuilder('s', new Schema([field('v', type, scale)]));
}

test('numbers keep a known narrow type while they are exact in it, and widen it otherwise', () => {
  for (const [type, value, wide] of [
    ['u8', 255, 'u8'],
    ['u8', 256, 'i64'],
    ['u8', -1, 'i64'],
    ['i16', -32768, 'i16'],
    ['i16', 32768, 'i64'],
    ['i32', 2147483647, 'i32'],
    ['i32', 2147483648, 'i64'],
    ['i32', 3.5, 'f64'],
    ['i32', -0, 'f64'],
    ['i64', 2 ** 53, 'f64'],
    ['f32', 0.5, 'f32'],
    ['f32', 16777217, 'f64'],
    ['f32', 0.1, 'f64'],
    ['f64', 1e300, 'f64'],
  ] as const) {
    const builder = known(type);
    assert.equal(append(builder, 1, { v: 7 }), TAKEN);
    assert.equal(append(builder, 2, { v: value }), TAKEN);
    assert.equal(builder.evolved, type !== wide, `${type} ${value}`);
    assert.deepEqual(typesOf(builder), { v: wide }, `${type} ${value}`);
    const rows = closeAll(builder).map((row) => row.cells.v);
    assert.ok(Object.is(rows[0], 7) && Object.is(rows[1], value), `${type} ${value}`);
    assert.equal(builder.evolved, false);
  }
});

test('a number in a scaled column makes it physical values', () => {
  const builder = known('i16', 0.1);
  append(builder, 1, { w: 1 });
  assert.deepEqual(typesOf(builder), { v: 'i16', w: 'i64' });
  append(builder, 2, { v: 3 });
  assert.deepEqual(builder.schema.fields[0], field('v', 'f64'));
  assert.equal(closeAll(builder)[1]!.cells.v, 3);
});

test('evolved says when the schema has to be stored: at first, and after each change', () => {
  const builder = new StreamBuilder('s', null);
  assert.equal(builder.evolved, true);
  append(builder, 1, { a: null });
  builder.close();
  assert.equal(builder.evolved, false);
  append(builder, 2, { a: 1 });
  assert.equal(builder.evolved, true);
  const { schema } = builder;
  builder.close();
  append(builder, 3, { a: 2 });
  assert.equal(builder.evolved, false);
  assert.equal(builder.schema, schema);
  append(builder, 4, { a: 0.5 });
  assert.equal(builder.evolved, true);
});

test('close on no rows gives null and keeps what was learned', () => {
  const builder = known('f64');
  assert.equal(builder.close(), null);
  append(builder, 1, { v: 1 });
  assert.equal(builder.close()?.rows, 1);
  assert.equal(builder.close(), null);
  assert.deepEqual(typesOf(builder), { v: 'f64' });
});

test('rows out of order are sorted by time, equal stamps as they came', () => {
  const builder = new StreamBuilder('s', null);
  for (const [timeUs, v] of [
    [5, 0],
    [3, 1],
    [5, 2],
    [3, 3],
    [4, 4],
  ] as const)
    append(builder, timeUs, { v, m: `t${v}` });
  assert.deepEqual(
    closeAll(builder).map(({ timeUs, cells }) => [timeUs, cells.v, cells.m]),
    [
      [3, 1, 't1'],
      [3, 3, 't3'],
      [4, 4, 't4'],
      [5, 0, 't0'],
      [5, 2, 't2'],
    ],
  );
  append(builder, 1, { v: 1 });
  append(builder, 2, { v: 2 });
  assert.deepEqual(
    closeAll(builder).map(({ timeUs }) => timeUs),
    [1, 2],
  );
});

test('a refused row leaves no column, no type and no cell, and says which cell it fails on', () => {
  const builder = known('f64');
  assert.equal(append(builder, 1, { fresh: 1, v: 'x' }), 1);
  assert.equal(builder.fault, 'type-contradiction');
  assert.deepEqual([builder.rows, typesOf(builder)], [0, { v: 'f64' }]);
  cells.count = 0;
  cells.add('w', 1);
  cells.add('w', 'x');
  assert.equal(builder.appendRow(cells, 1), 1);
  assert.deepEqual(typesOf(builder), { v: 'f64' });
});

test('learn takes over other columns and wider types, with open rows too, and refuses other kinds whole', () => {
  const builder = new StreamBuilder('s', null);
  append(builder, 1, { v: 1 });
  builder.learn(new Schema([field('v', 'f32'), field('w', 'i16', 0.1)]));
  assert.deepEqual(typesOf(builder), { v: 'f64', w: 'i16' });
  const before = builder.schema;
  assert.throws(() => builder.learn(new Schema([field('z', 'f64'), field('v', 'utf8')])), {
    code: 'type-contradiction',
    message: 'column "v" of stream "s" holds f64 cells; the batch describes it as utf8',
  });
  assert.equal(builder.schema, before);
  append(builder, 2, { v: 0.5, w: 1.25 });
  assert.deepEqual(
    closeAll(builder).map((row) => ({ ...row.cells })),
    [{ v: 1 }, { v: 0.5, w: 1.25 }],
  );
});

test('rollback undoes rows, columns, types, texts and order', () => {
  const builder = new StreamBuilder('s', null);
  append(builder, 10, { v: 1, m: 'a' });
  append(builder, 11, { m: 'b' });
  const { schema } = builder;
  const mark = builder.mark();
  append(builder, 5, { v: 0.5, m: 'c', n: true });
  const inner = builder.mark();
  append(builder, 4, { m: 'd', o: 1 });
  builder.rollback(inner);
  assert.deepEqual(typesOf(builder), { v: 'f64', m: 'utf8', n: 'bool' });
  builder.rollback(mark);
  assert.equal(builder.schema.fingerprint, schema.fingerprint);
  append(builder, 12, { v: 2, m: 'd' });
  const batch = builder.close()!;
  assert.deepEqual(batch.columns[1]!.dictionary, ['a', 'b', 'd']);
  assert.deepEqual(
    plainRows(batch).map(({ timeUs, cells }) => [timeUs, { ...cells }]),
    [
      [10, { v: 1, m: 'a' }],
      [11, { m: 'b' }],
      [12, { v: 2, m: 'd' }],
    ],
  );
  assert.throws(() => builder.rollback(mark), { code: 'internal' });
});

const value = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('a', 'b', 'c'),
  fc.boolean(),
  fc.constant(null),
);
const someRow = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { maxKeys: 4 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.nat(100), someRow) },
  { weight: 2, arbitrary: fc.constant('mark' as const) },
  { weight: 1, arbitrary: fc.constant('rollback' as const) },
  { weight: 1, arbitrary: fc.constant('release' as const) },
  { weight: 1, arbitrary: fc.constant('close' as const) },
);

test('after any marks, rollbacks and closes a builder holds what one that never saw the undone rows holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const builder = new StreamBuilder('s', null);
      let marks: { mark: ReturnType<StreamBuilder['mark']>; at: number }[] = [];
      let open: [number, Record<string, Value>][] = [];
      let closed: [number, Record<string, Value>][] = [];
      const replay = () => {
        const fresh = new StreamBuilder('s', null);
        for (const [timeUs, row] of closed) append(fresh, timeUs, row);
        fresh.close();
        for (const [timeUs, row] of open) append(fresh, timeUs, row);
        return fresh;
      };
      const compare = () => {
        const fresh = replay();
        assert.deepEqual(typesOf(builder), typesOf(fresh));
        const wanted = fresh.close();
        const found = builder.close();
        assert.deepEqual(plainRows(found), plainRows(wanted));
        assert.deepEqual(
          found?.columns.map(({ nulls }) => nulls === null),
          wanted?.columns.map(({ nulls }) => nulls === null),
        );
        closed = [...closed, ...open];
        open = [];
        marks = [];
      };
      for (const one of steps) {
        if (one === 'mark') marks.push({ mark: builder.mark(), at: open.length });
        else if (one === 'close') compare();
        else if (one === 'rollback' || one === 'release') {
          const last = marks.pop();
          if (last === undefined) continue;
          if (one === 'release') builder.release(last.mark);
          else {
            builder.rollback(last.mark);
            open.length = last.at;
          }
        } else if (append(builder, ...one) === TAKEN) open.push(one);
      }
      compare();
    }),
    { numRuns: 3000 },
  );
});

test('every batch of a builder packs to a record that holds against the checks of foreign batches', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(fc.nat(100), someRow), { minLength: 1, maxLength: 20 }), { maxLength: 5 }),
      (batches) => {
        const builder = new StreamBuilder('s', null);
        for (const rows of batches) {
          for (const [timeUs, row] of rows) append(builder, timeUs, row);
          const batch = builder.close();
          if (batch === null) continue;
          const packed = pack(batch);
          const target = Buffer.alloc(packedBytesMax(packed));
          const read = readPacked(target.subarray(0, writePacked(packed, target, 0)));
          assert.equal(checkPacked(read, batch.schema), true);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('bytes covers the cells held, falls when texts go, and does not creep up over closes', () => {
  const builder = new StreamBuilder('s', null);
  const empty = builder.bytes;
  const fill = (rows: number) => {
    for (let i = 0; i < rows; i++) append(builder, i, { v: i + 0.5, on: true, m: `text ${i}` });
  };
  fill(10_000);
  const full = builder.bytes;
  assert.ok(full - empty >= 10_000 * (8 + 8 + 1 + 4 + 20), `${full}`);
  assert.ok(full - empty <= 10_000 * (2 * (8 + 8 + 1 + 4) + 100), `${full}`);
  builder.close();
  assert.ok(builder.bytes < full - 10_000 * 20);
  fill(10_000);
  assert.equal(builder.bytes, full);
  builder.close();
  fill(10);
  builder.close();
  fill(10);
  builder.close();
  assert.ok(builder.bytes < empty + 10_000, `${builder.bytes}`);
  const mark = builder.mark();
  const before = builder.bytes;
  append(builder, 1, { m: 'x'.repeat(1000), n: 1 });
  builder.rollback(mark);
  assert.ok(builder.bytes <= before + 2000);
});

test('rows beyond one record come with the next close, sorted over all, each with the texts it uses', () => {
  const builder = new StreamBuilder('s', null);
  const rows = BATCH_ROWS_MAX + 1000;
  cells.count = 0;
  cells.add('v', 1);
  cells.add('m', 'x');
  for (let i = 0; i < rows; i++) {
    cells.numbers[0] = i;
    cells.texts[1] = i < BATCH_ROWS_MAX ? 'first' : 'last';
    builder.appendRow(cells, i === rows - 1 ? 0 : i + 1);
  }
  let last = -1;
  let seen = 0;
  const dictionaries: unknown[] = [];
  for (let batch = builder.close(); batch !== null; batch = builder.close()) {
    assert.equal(builder.rows, rows - seen - batch.rows + (seen === 0 ? 0 : 1));
    assert.ok(batch.rows * 20 <= 16 * 1024 * 1024);
    for (let i = 0; i < batch.rows; i++) assert.ok((last = batch.timeUs[i]!) >= last);
    if (seen === 0) append(builder, 9, { v: 1.5 });
    seen += batch.rows;
    dictionaries.push(batch.columns[1]!.dictionary);
    if (seen === rows) break;
  }
  assert.equal(seen, rows);
  assert.deepEqual(dictionaries, [
    ['last', 'first'],
    ['first', 'last'],
  ]);
  assert.deepEqual(
    closeAll(builder).map((row) => ({ ...row.cells })),
    [{ v: 1.5 }],
  );
});
