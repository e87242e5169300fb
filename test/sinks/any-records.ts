import fc from 'fast-check';
import { bitmapBytes, type CellArray, type Column } from '../../columnar/batch.js';
import { COLUMN_TYPES, type ColumnType, type Field, field, Schema } from '../../columnar/schema.js';
import type { SinkBatch } from '../../sinks/sink.js';
import { START_US } from './record-of.js';

/** Texts with what the line protocol escapes, what it cannot hold, and what is longer than one byte. */
export const anyText = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'b', ',', '=', ' ', '\\', '"', '\n', '\r', '\t', '#', '_', 'ü', '車', '🏎', '\0'),
  }),
  fc.string({ unit: 'binary' }),
);
const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }) },
  anyText,
);

/** Doubles of all magnitudes, those that measuring devices send, and those that are no numbers. */
const anyDouble = fc.oneof(
  fc.double(),
  fc.double({ min: -2000, max: 2000 }),
  fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 12 })).map(([r, k]) => Number(`${r}e-${k}`)),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    5e-324,
    -5e-324,
    2 ** -1022,
    Number.MAX_VALUE,
    1e21,
    1e-7,
    123456789e-15,
  ),
  fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 63, 1e15, 1e16, 0.1 + 0.2, 4.35, 1.005, 999999999.9999999),
);
const anyFloat = fc.oneof(
  fc.float(),
  fc.float({ min: -1000, max: 1000 }),
  fc
    .constantFrom(0, -0, 2 ** -149, 3.4028234663852886e38, 16777216, -16777218, 2 ** 31, 1e-4, 1e-5, 1e10)
    .map(Math.fround),
  fc
    .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 7 }))
    .map(([r, k]) => Math.fround(r / 10 ** k)),
);
const anyLong = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 53n - 1n, 0n),
);
const anySchema = fc
  .uniqueArray(
    fc.tuple(
      anyName,
      fc.constantFrom(...COLUMN_TYPES),
      fc.constantFrom<[number, number]>([1, 0], [1, 0], [0.01, -40], [0.1, 0], [1, 5], [1e-3, 0.5]),
    ),
    { maxLength: 8, selector: ([name]) => name },
  )
  .map((all) => new Schema(all.map(([name, type, scaling]) => fieldOf(name, type, scaling))));

function fieldOf(name: string, type: ColumnType, [scale, offset]: [number, number]): Field {
  return ['i64', 'i32', 'i16', 'u8'].includes(type) ? field(name, type, scale, offset) : field(name, type);
}

function anyValues(type: ColumnType, rows: number, texts: number): fc.Arbitrary<CellArray> {
  const list = <T>(cell: fc.Arbitrary<T>) => fc.array(cell, { minLength: rows, maxLength: rows });
  switch (type) {
    case 'f64':
      return list(anyDouble).map((cells) => Float64Array.from(cells));
    case 'f32':
      return list(anyFloat).map((cells) => Float32Array.from(cells));
    case 'i64':
      return list(anyLong).map((cells) => BigInt64Array.from(cells));
    case 'i32':
      return list(fc.integer()).map((cells) => Int32Array.from(cells));
    case 'i16':
      return list(fc.integer({ min: -32768, max: 32767 })).map((cells) => Int16Array.from(cells));
    case 'u8':
      return list(fc.nat(255)).map((cells) => Uint8Array.from(cells));
    case 'bool':
      return list(fc.nat(1)).map((cells) => Uint8Array.from(cells));
    case 'utf8':
      return list(fc.nat(texts - 1)).map((cells) => Int32Array.from(cells));
  }
}

function anyColumn(type: ColumnType, rows: number): fc.Arbitrary<Column> {
  return fc.array(anyText, { minLength: 1, maxLength: 4 }).chain((dictionary) =>
    fc.record({
      values: anyValues(type, rows, dictionary.length),
      nulls: fc.option(fc.uint8Array({ minLength: bitmapBytes(rows), maxLength: bitmapBytes(rows) })),
      dictionary: fc.constant(type === 'utf8' ? dictionary : null),
    }),
  );
}

/** Records of a few rows with all types and extremes; stamps are often equal. */
export const anyRecord: fc.Arbitrary<SinkBatch> = fc
  .tuple(anySchema, fc.integer({ min: 1, max: 12 }))
  .chain(([schema, rows]) =>
    fc
      .record({
        stream: fc.constantFrom('car/44/imu', 'imu', 'a b/c=d,e', '#', 'x/\\'),
        steps: fc.array(fc.constantFrom(0, 0, 1, 500, 1_000_000), { minLength: rows, maxLength: rows }),
        columns: fc.tuple(...schema.fields.map(({ type }) => anyColumn(type, rows))),
        offset: fc.maxSafeNat(),
        tags: fc.dictionary(fc.constantFrom('car', 'time', 'lap', 'Ä', '_field'), anyText),
      })
      .map(({ stream, steps, columns, offset, tags }): SinkBatch => {
        let time = START_US;
        const timeUs = Float64Array.from(steps, (step) => (time += step));
        const batch = { stream, schema, rows, timeUs, columns };
        return { batch, topic: 'telemetry', partition: 0, offset, key: 'car/44', tags, receivedUs: START_US };
      }),
  );
