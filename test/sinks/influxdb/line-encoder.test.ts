import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellAt } from '../../../columnar/batch.js';
import type { Field } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { anyRecord } from '../any-records.js';
import { encodeRecord } from './encode-record.js';
import { type FieldValue, type Point, parseLines } from './parse-lines.js';

const RUNS = { numRuns: 2_000 };

/** UTF-8 has no lone surrogates. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** A name as it is stored: what lines have no room for is spelt out. */
function stored(name: string): string {
  const spelt = (c: string): string => {
    if (c === '\x7f') return '\\u007f';
    return c < ' ' ? JSON.stringify(c).slice(1, -1) : c;
  };
  const text = wellFormed([...name].map(spelt).join(''));
  return text.replaceAll(/\\([, ="])/g, '\\_$1').replace(/\\$/, '\\_');
}

/** One of the names, or one with `_` behind it. */
function isName(name: string, names: readonly string[]): boolean {
  if (names.includes(name)) return true;
  return name.endsWith('_') && isName(name.slice(0, -1), names);
}

function digits(number: string): string {
  return number
    .replace(/e.*$/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}

function assertCell(
  actual: FieldValue,
  cell: number | bigint | boolean | string,
  { type, scale, offset }: Field,
): void {
  if (typeof cell === 'string') assert.deepEqual(actual, { type: 'string', value: wellFormed(cell) });
  else if (typeof cell === 'boolean') assert.deepEqual(actual, { type: 'boolean', value: cell });
  else if (type !== 'f64' && type !== 'f32' && scale === 1 && offset === 0) {
    assert.deepEqual(actual, { type: 'integer', value: BigInt(cell) });
  } else {
    assert.equal(actual.type, 'float');
    const { text } = actual as { text: string };
    if (type !== 'f32') {
      assert.ok(Object.is(Number(text), cell), `${cell} became ${text}`);
      assert.equal(digits(text), digits(String(cell)), `${cell} became ${text}`);
      return;
    }
    assert.ok(Object.is(Math.fround(Number(text)), cell), `${cell} became ${text}`);
    let precision = 1;
    while (Math.fround(Number((cell as number).toPrecision(precision))) !== cell) precision++;
    assert.ok(digits(text).length <= Math.max(precision, 8), `${cell} became ${text}, ${precision} digits are enough`);
  }
}

/** What a row's point holds, told from the record: names are those of `LineTemplate` and not checked here. */
function assertPoint({ fields }: Point, { batch }: SinkBatch, row: number): void {
  const cells = batch.schema.fields.flatMap((f, column) => {
    const cell = cellAt(batch, column, row);
    return cell === null || (typeof cell === 'number' && !Number.isFinite(cell)) ? [] : [{ f, cell }];
  });
  const values = [...fields.values()];
  assert.equal(values.length, cells.length);
  cells.forEach(({ f, cell }, i) => {
    assertCell(values[i]!, cell, f);
  });
}

test('an independent reader of the grammar finds every cell of every type as it was', () => {
  const encodable = (record: SinkBatch, row: number): boolean =>
    record.batch.schema.fields.some((_, column) => {
      const cell = cellAt(record.batch, column, row);
      return cell !== null && (typeof cell !== 'number' || Number.isFinite(cell));
    });
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { bytes, counts, refused } = encodeRecord(record);
      const points = parseLines(bytes);
      const rows = Array.from({ length: record.batch.rows }, (_, row) => row).filter((row) => encodable(record, row));
      assert.equal(points.length, rows.length);
      assert.equal(counts.emptyRows, record.batch.rows - rows.length);
      assert.deepEqual(refused, []);
      let nonFinite = 0;
      for (let row = 0; row < record.batch.rows; row++) {
        record.batch.schema.fields.forEach((_, column) => {
          const cell = cellAt(record.batch, column, row);
          if (typeof cell === 'number' && !Number.isFinite(cell)) nonFinite++;
        });
      }
      assert.equal(counts.nonFinite, nonFinite);
      rows.forEach((row, i) => {
        assertPoint(points[i]!, record, row);
        assert.equal(points[i]!.time / 1000n, BigInt(record.batch.timeUs[row]!));
      });
    }),
    RUNS,
  );
});

test('names and tag values with whatever characters are read as they were, or spelt out where the grammar has no room', () => {
  const reserved = ['time', '_field', '_measurement'];
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { stream, schema } = record.batch;
      for (const { measurement, tags, fields } of parseLines(encodeRecord(record, { measurement: '{stream}' }).bytes)) {
        assert.equal(measurement, stored(stream).replace(/^#/, '\\#'));
        const given = Object.entries(record.tags).filter(([, value]) => value !== '');
        const written = Object.fromEntries(
          given.map(([name, value]) => [reserved.includes(name) ? `${name}_` : name, stored(value)]),
        );
        assert.deepEqual(Object.fromEntries(tags), written);
        const names = schema.fields.map(({ name }) => stored(name || '_'));
        for (const name of fields.keys()) assert.ok(isName(name, names), name);
      }
    }),
    RUNS,
  );
});

test('a line is the same wherever a record is cut, and at whatever size a request ends', () => {
  fc.assert(
    fc.property(anyRecord, fc.array(fc.nat(12)), fc.integer({ min: 1, max: 300 }), (record, cuts, bytesMax) => {
      const whole = encodeRecord(record);
      assert.deepEqual(encodeRecord(record, {}, cuts, bytesMax), whole);
    }),
    RUNS,
  );
});

test('utf8 and bool columns as tags give each row the tags of its cells, and none for nulls and empty texts', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { batch } = record;
      const { fields } = batch.schema;
      const columns = fields.flatMap(({ type, name }, c) =>
        (type === 'utf8' || type === 'bool') && name !== '' && name !== 'time' && name !== 'stream' ? [c] : [],
      );
      const bare = { ...record, tags: {} };
      const { bytes, counts } = encodeRecord(bare, { tags: columns.map((c) => fields[c]!.name) });
      const points = parseLines(bytes);
      let i = 0;
      for (let row = 0; row < batch.rows; row++) {
        const isWritten = fields.some((_, c) => {
          const cell = columns.includes(c) ? null : cellAt(batch, c, row);
          return cell !== null && (typeof cell !== 'number' || Number.isFinite(cell));
        });
        if (!isWritten) continue;
        const values = columns.flatMap((c) => {
          const cell = cellAt(batch, c, row);
          return cell === null || cell === '' ? [] : [stored(String(cell))];
        });
        assert.deepEqual([...points[i++]!.tags.values()].sort(), values.sort());
      }
      assert.equal(i, points.length);
      assert.equal(counts.emptyRows, batch.rows - i);
    }),
    RUNS,
  );
});

test('rows of one series and record never share a time, and all round down to their stamps', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const names = record.batch.schema.fields.map(({ name }) => name).filter((name) => name !== 'stream');
      const points = parseLines(encodeRecord(record, { tags: names }).bytes);
      const seen = new Set<string>();
      for (const { measurement, tags, time } of points)
        seen.add(JSON.stringify([measurement, [...tags], String(time)]));
      assert.equal(seen.size, points.length);
    }),
    RUNS,
  );
});
