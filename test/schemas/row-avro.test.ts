import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { cellAt } from '../../columnar/batch.js';
import { field, Schema } from '../../columnar/schema.js';
import { avroText, writeLong, writeLongWords } from '../../schemas/avro-writer.js';
import { RowAvro } from '../../schemas/row-avro.js';
import { avroRowsOf } from '../sinks/kafka/avro-rows.js';
import { columnTypes, rowsOf, toBatch } from './packed-oracle.js';

function encode(encoder: RowAvro, rows: number): Buffer[] {
  const target = Buffer.alloc(encoder.rowBytesMax);
  return Array.from({ length: rows }, (_, row) => {
    const end = encoder.write(row, target, 0);
    assert.ok(end <= encoder.rowBytesMax);
    return Buffer.from(target.subarray(0, end));
  });
}

test('A number is written as avsc writes a long.', () => {
  const type = avro.Type.forSchema('long');
  const target = Buffer.alloc(10);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      // avsc takes what lies within 2^53 and has no exact sign beyond half of it.
      fc.pre(Math.abs(value) < 2 ** 52);
      assert.deepEqual(target.subarray(0, writeLong(value, target, 0)), type.toBuffer(value));
    }),
    {
      examples: [
        [0],
        [-1],
        [63],
        [64],
        [-64],
        [-65],
        [2 ** 30 - 1],
        [2 ** 30],
        [-(2 ** 30)],
        [-(2 ** 30) - 1],
        [2 ** 32],
      ],
    },
  );
});

test('Each 64-bit integer is written by its halves as the standard says.', () => {
  const target = Buffer.alloc(10);
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const low = Number(BigInt.asIntN(32, value));
      const high = Number(value >> 32n);
      const end = writeLongWords(low, high, target, 0);
      let zigzag = 0n;
      for (let i = end - 1; i >= 0; i--) zigzag = (zigzag << 7n) | BigInt(target[i]! & 127);
      assert.equal((zigzag >> 1n) ^ -(zigzag & 1n), value);
      assert.ok(target[end - 1]! < 128 && target.subarray(0, end - 1).every((byte) => byte > 127));
    }),
    { examples: [[2n ** 63n - 1n], [-(2n ** 63n)], [0n], [-1n]] },
  );
});

test('A text is written as avsc writes a string.', () => {
  const type = avro.Type.forSchema('string');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.deepEqual(avroText(text), type.toBuffer(text))),
  );
});

test('Rows of any columns are read back by plain avsc, cell by cell.', () => {
  const plainBatch = columnTypes.chain(rowsOf);
  const tags = fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' }), { maxKeys: 3 });
  fc.assert(
    fc.property(plainBatch, tags, (plain, someTags) => {
      const batch = toBatch(plain);
      const encoder = new RowAvro(batch.stream, batch.schema, someTags);
      encoder.load(batch);
      const wanted = plain.timeUs.map((timeUs, r) => {
        const row: Record<string, unknown> = {};
        for (const [tag, text] of Object.entries(someTags)) if (batch.schema.indexOf(tag) < 0) row[tag] = text;
        batch.schema.fields.forEach((f, c) => {
          const cell = cellAt(batch, c, r);
          if (cell !== null) row[f.name] = cell;
        });
        return [timeUs, row];
      });
      const found = encode(encoder, batch.rows).map((bytes) => {
        const { timeUs, ...row } = avroRowsOf(encoder.schemaText, bytes)[0]!;
        return [timeUs, { ...row }];
      });
      assert.deepEqual(found, wanted);
    }),
  );
});

test('Integers with scale and offset are written as what they stand for.', () => {
  const schema = new Schema([field('small', 'i16', 0.01, -40), field('large', 'i64', 2, 1)]);
  const columns = [
    { values: Int16Array.of(1234, -5), nulls: null, dictionary: null },
    { values: BigInt64Array.of(7n, -(2n ** 53n)), nulls: null, dictionary: null },
  ];
  const batch = { stream: 's', schema, rows: 2, timeUs: Float64Array.of(1, 2), columns };
  const encoder = new RowAvro('s', schema, {});
  encoder.load(batch);
  assert.deepEqual(
    encode(encoder, 2).map((bytes) => ({ ...avroRowsOf(encoder.schemaText, bytes)[0]! })),
    [0, 1].map((r) => ({ timeUs: r + 1, small: cellAt(batch, 0, r), large: cellAt(batch, 1, r) })),
  );
});

test('Names that Avro does not allow are made valid, each once, and the real ones stand beside them.', () => {
  const schema = new Schema(
    ['gps.lat', 'gps_lat', 'gps/lat', 'stream', 'time', '4wd', 'ü'].map((name) => field(name, 'f64')),
  );
  const { fields } = JSON.parse(
    new RowAvro('s', schema, { car: '44', 'gps.lat': 'is a column', 'a b': 'x' }).schemaText,
  );
  assert.deepEqual(
    fields.map(({ name, column, tag }: Record<string, string>) => [name, column ?? tag]),
    [
      ['stream', undefined],
      ['time', undefined],
      ['car', undefined],
      ['a_b', 'a b'],
      ['gps_lat_', 'gps.lat'],
      ['gps_lat', undefined],
      ['gps_lat__', 'gps/lat'],
      ['stream_', 'stream'],
      ['time_', 'time'],
      ['_4wd', '4wd'],
      ['_', 'ü'],
    ],
  );
});

test('A reader with the columns of one stream reads the rows of another.', () => {
  const writer = new RowAvro('car/1/imu', new Schema([field('ax', 'f32'), field('old', 'bool')]), { car: '1' });
  const reader = new RowAvro('x', new Schema([field('ax', 'f64'), field('new', 'utf8')]), {});
  const columns = [
    { values: Float32Array.of(0.5), nulls: null, dictionary: null },
    { values: Uint8Array.of(1), nulls: null, dictionary: null },
  ];
  const schema = new Schema([field('ax', 'f32'), field('old', 'bool')]);
  writer.load({ stream: 'car/1/imu', schema, rows: 1, timeUs: Float64Array.of(9), columns });
  const [bytes] = encode(writer, 1);
  const [from, to] = [writer, reader].map(({ schemaText }) => avro.Type.forSchema(JSON.parse(schemaText)));
  const row = to!.fromBuffer(bytes!, to!.createResolver(from!)) as Record<string, unknown>;
  assert.deepEqual({ ...row }, { stream: 'car/1/imu', time: 9, ax: 0.5, new: null });
});
