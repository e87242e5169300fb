import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { type Field, field } from '../../../columnar/schema.js';
import { PitwallError } from '../../../core/errors.js';
import { BATCH_ROWS_MAX, TIME_US_MAX } from '../../../core/limits.js';
import { AvroConnection, readAvro, readSequence, sortedBatch } from '../../../gateway/decoders/avro.js';
import { StreamBuilder } from '../../../gateway/stream-builder.js';
import { columnTypes, fromBatch, plainBlock, rowsOf, schemaOf } from '../../schemas/packed-oracle.js';

const type = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL('../../../../schemas/telemetry-batch.avsc', import.meta.url), 'utf8')),
);

const T0 = 1_711_111_111_123_000;
const NOTHING = Buffer.alloc(0);

interface Frame {
  seq: number;
  stream: string;
  schema: number;
  columns: readonly Field[];
  t0Us: number;
  periodUs: number;
  rows: number;
  nulls: Buffer;
  data: Buffer;
}

/** Two rows of one f64 column, as a device's Avro library writes them, with parts changed. */
function frame(change: Partial<Frame> = {}): Buffer {
  const doubles = Buffer.from(Float64Array.of(1.5, 2.5).buffer);
  const columns = [field('v', 'f64')];
  return type.toBuffer({
    seq: 3,
    stream: 's',
    schema: 1,
    columns,
    t0Us: T0,
    periodUs: 10,
    rows: 2,
    nulls: NOTHING,
    data: doubles,
    ...change,
  });
}

function refused(bytes: Buffer, code: string, reason: RegExp, connection = new AvroConnection()): void {
  assert.throws(
    () => readAvro(bytes, connection),
    (error) => {
      assert.ok(error instanceof PitwallError, String((error as Error).stack));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, reason);
      return true;
    },
  );
}

test('a frame of a plain Avro library is read as columns, and its number without reading it', () => {
  const connection = new AvroConnection();
  const read = readAvro(frame(), connection);
  assert.equal(read.ascending, true);
  assert.equal(readSequence(frame()), 3);
  assert.equal(readSequence(frame({ seq: 2 ** 53 - 2 })), 2 ** 53 - 2);
  assert.deepEqual(fromBatch(sortedBatch(read)), {
    timeUs: [T0, T0 + 10],
    columns: [{ name: 'v', type: 'f64', cells: [1.5, 2.5] }],
  });
});

test('columns described once hold for the connection, by their number', () => {
  const connection = new AvroConnection();
  refused(
    frame({ columns: [] }),
    'unknown-schema',
    /schema number 1, .* was not described on this connection/,
    connection,
  );
  const { schema } = readAvro(frame(), connection);
  assert.equal(readAvro(frame({ columns: [] }), connection).schema, schema);
  assert.equal(readAvro(frame(), connection).schema, schema);
  refused(frame({ columns: [], schema: 2 }), 'unknown-schema', /schema number 2/, connection);
  refused(frame({ columns: [] }), 'unknown-schema', /schema number 1/);
  const other = readAvro(frame({ columns: [field('w', 'i64', 0.5)] }), connection).schema;
  assert.equal(other.fields[0]!.name, 'w');
  assert.equal(readAvro(frame({ columns: [] }), connection).schema, other);
});

test('what a refused frame describes holds all the same, since the device relies on it', () => {
  const connection = new AvroConnection();
  refused(frame({ rows: 3 }), 'bad-payload', /too few for column "v"/, connection);
  assert.equal(readAvro(frame({ columns: [] }), connection).packed.rows, 2);
});

test('schemas of a connection are bounded in number and in columns', () => {
  const connection = new AvroConnection();
  for (let schema = 0; schema < 1024; schema++) readAvro(frame({ schema }), connection);
  refused(frame({ schema: 5000 }), 'too-many-columns', /more than 1024 schemas/, connection);
  assert.equal(readAvro(frame({ schema: 7, columns: [field('w', 'f64')] }), connection).schema.fields[0]!.name, 'w');
  const wide = new AvroConnection();
  const columns = Array.from({ length: 2048 }, (_, i) => field(`c${i}`, 'u8'));
  const data = Buffer.alloc(2048 * 8);
  for (let schema = 0; schema < 4; schema++) readAvro(frame({ schema, columns, data }), wide);
  refused(frame({ schema: 4 }), 'too-many-columns', /8192 columns in all/, wide);
});

test('columns that make no schema are refused', () => {
  for (const [columns, code, reason] of [
    [[field('', 'f64')], 'bad-payload', /name that is empty/],
    [[field('n'.repeat(257), 'f64')], 'bad-payload', /over 256/],
    [[field('v', 'f64'), field('v', 'u8')], 'bad-payload', /"v" twice/],
    [[field('v', 'f64', 2)], 'bad-payload', /only integers take them/],
    [[field('v', 'i16', 0)], 'bad-payload', /scale not 0/],
    [[field('v', 'i16', Number.NaN)], 'bad-payload', /must be finite/],
    [[field('v', 'i16', 1, Number.NEGATIVE_INFINITY)], 'bad-payload', /must be finite/],
    [Array.from({ length: 2049 }, (_, i) => field(`c${i}`, 'u8')), 'too-many-columns', /the limit is 2048/],
  ] as const) {
    refused(frame({ columns }), code, reason);
  }
});

test('counts and lengths that lie are refused', () => {
  for (const [change, reason] of [
    [{ rows: 0 }, /says 0 rows/],
    [{ rows: -1 }, /says -1 rows/],
    [{ rows: BATCH_ROWS_MAX + 1 }, /rows; 1 to/],
    [{ rows: 2 ** 31 - 1 }, /rows; 1 to/],
    [{ rows: BATCH_ROWS_MAX }, /too few for column "v"/],
    [{ rows: 1 }, /16 bytes of data where 1 rows of 1 columns take 8/],
    [{ nulls: Buffer.alloc(2) }, /2 bytes of nulls/],
    [{ periodUs: 0 }, /too few for column "v"/],
    [{ data: Buffer.alloc(15) }, /too few/],
    [{ data: Buffer.alloc(24) }, /24 bytes of data/],
    [{ columns: [field('b', 'bool')], data: Buffer.from([0, 2, 0, 0, 0, 0, 0, 0]) }, /byte 2 in bool column "b"/],
  ] as const) {
    refused(frame(change), 'bad-payload', reason);
  }
});

test('times that are none or are out of range are refused', () => {
  for (const change of [
    { periodUs: Number.NaN },
    { periodUs: -10 },
    { periodUs: Number.POSITIVE_INFINITY },
    { t0Us: -1 },
    { t0Us: TIME_US_MAX - 5 },
    { t0Us: 2 ** 53 - 2 },
  ]) {
    refused(frame(change), 'bad-time', /./);
  }
  const own = (...offsets: bigint[]) => Buffer.from(BigInt64Array.of(...offsets, 0n, 0n).buffer);
  for (const offsets of [
    [0n, -BigInt(T0) - 1n],
    [2n ** 62n, 0n],
    [0n, 2n ** 63n - 1n],
    [-(2n ** 63n), 0n],
  ]) {
    refused(frame({ periodUs: 0, data: own(...offsets) }), 'bad-time', /1970 to 2200 are taken/);
  }
  refused(frame({ periodUs: 0, t0Us: -1, data: own(5n, 5n) }), 'bad-time', /row at -1 us/);
});

test('dictionaries that lie are refused', () => {
  const text = (indices: number[], head: number[], bytes: string | Buffer) => {
    const parts = Buffer.concat([
      Buffer.from(Int32Array.from(indices).buffer),
      Buffer.from(Uint32Array.from(head).buffer),
      Buffer.from(bytes),
    ]);
    return Buffer.concat([parts, Buffer.alloc((8 - (parts.length % 8)) % 8)]);
  };
  const columns = [field('m', 'utf8')];
  const good = text([0, 1], [2, 3, 1, 3], 'abc');
  assert.deepEqual(
    fromBatch(sortedBatch(readAvro(frame({ columns, data: good }), new AvroConnection()))).columns[0]!.cells,
    ['a', 'bc'],
  );
  for (const [data, reason] of [
    [text([0, 2], [2, 3, 1, 3], 'abc'), /index 2 .* has 2 texts/],
    [text([0, -1], [2, 3, 1, 3], 'abc'), /index -1/],
    [text([0, 1], [2, 3, 3, 1], 'abc'), /ends before it begins/],
    [text([0, 1], [2, 3, 1, 4], 'abc'), /outside it/],
    [text([0, 1], [2, 3, 1, 2], 'abc'), /last text ends at 2/],
    [text([0, 0], [0, 3], 'abc'), /last text ends at 0|too few/],
    [text([0, 0], [0, 0], ''), /no text in the dictionary .* not null/],
    [text([0, 1], [4_294_967_295, 3, 1, 3], 'abc'), /too few/],
    [text([0, 1], [2, 4_294_967_295, 1, 3], 'abc'), /too few/],
    [text([0, 1], [2, 4, 2, 4], Buffer.from([0xc3, 0x28, 0x61, 0x62])), /not valid UTF-8/],
    [text([0, 1], [2, 4, 1, 4], Buffer.from('öab')), /not valid UTF-8/],
    [good.subarray(0, 8), /too few/],
  ] as const) {
    refused(frame({ columns, data }), 'bad-payload', reason);
  }
  const allNull = frame({ columns, nulls: Buffer.from([0b11]), data: text([0, 0], [0, 0], '') });
  assert.deepEqual(fromBatch(sortedBatch(readAvro(allNull, new AvroConnection()))).columns[0]!.cells, [null, null]);
});

test('rows that do not ascend come sorted, equal stamps as they were', () => {
  const data = Buffer.concat([
    Buffer.from(BigInt64Array.of(20n, 0n, 20n, 5n).buffer),
    Buffer.from(Int32Array.of(1, 2, 3, 4).buffer),
  ]);
  const read = readAvro(
    frame({ rows: 4, periodUs: 0, columns: [field('v', 'i32')], nulls: Buffer.from([0b0010]), data }),
    new AvroConnection(),
  );
  assert.equal(read.ascending, false);
  assert.deepEqual(fromBatch(sortedBatch(read)), {
    timeUs: [T0, T0 + 5, T0 + 20, T0 + 20],
    columns: [{ name: 'v', type: 'i32', cells: [null, 4, 1, 3] }],
  });
});

test('a batch whose column is of another kind than the stream’s is refused whole; other widths are learned', () => {
  const builder = new StreamBuilder('s', null);
  const connection = new AvroConnection();
  builder.learn(readAvro(frame(), connection).schema);
  builder.learn(readAvro(frame({ schema: 2, columns: [field('v', 'i64')] }), connection).schema);
  const text = readAvro(frame({ schema: 3, columns: [field('v', 'bool')], data: Buffer.alloc(8) }), connection);
  assert.throws(() => builder.learn(text.schema), { code: 'type-contradiction' });
  assert.deepEqual(builder.schema.fields, [field('v', 'f64')]);
});

test('array blocks that lie about their count make no room and no loop', () => {
  const long = (value: bigint) => {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return Buffer.from([...bytes, Number(rest)]);
  };
  const start = Buffer.concat([long(1n), long(1n), Buffer.from('s'), long(1n)]);
  const tail = frame().subarray(-40);
  for (const count of [2n ** 31n, -(2n ** 31n), 2n ** 52n, 2n ** 62n, -(2n ** 63n), 1000n]) {
    refused(Buffer.concat([start, long(count), tail]), 'bad-payload', /describes|a length in it lies|beyond 2\^53/);
    refused(
      Buffer.concat([start, long(count), long(1n), tail]),
      'bad-payload',
      /describes|a length in it lies|beyond 2\^53/,
    );
  }
  refused(Buffer.concat([start, Buffer.alloc(500, 0x80)]), 'bad-payload', /more than ten bytes/);
  refused(Buffer.concat([long(1n), long(-5n), Buffer.alloc(50)]), 'bad-payload', /text of length -5/);
  const rowsAt = frame().length - 19;
  const endless = Buffer.concat([frame().subarray(0, rowsAt), Buffer.alloc(200, 0x80), frame().subarray(rowsAt + 1)]);
  refused(endless, 'bad-payload', /./);
});

test('blocks of negative count with their size, as some Avro libraries write, are read', () => {
  const usual = frame();
  const at = usual.indexOf(Buffer.from('\u0002v')) - 1;
  assert.equal(usual[at], 2);
  const item = usual.subarray(at + 1, at + 1 + 19);
  const blocked = Buffer.concat([usual.subarray(0, at), Buffer.from([1, item.length * 2]), usual.subarray(at + 1)]);
  assert.deepEqual(readAvro(blocked, new AvroConnection()).schema.fields, [field('v', 'f64')]);
});

test('a frame cut at any byte, or with bytes behind it, is refused', () => {
  const whole = frame({ nulls: Buffer.from([1]) });
  for (let length = 0; length < whole.length; length++)
    refused(Buffer.from(whole.subarray(0, length)), 'bad-payload', /./);
  refused(Buffer.concat([whole, Buffer.alloc(1)]), 'bad-payload', /1 bytes after its last field/);
});

const foreign = columnTypes
  .filter((types) => types.length > 0)
  .chain((types) => rowsOf(types))
  .map((plain) => {
    const nulls = Buffer.alloc(Math.ceil(plain.timeUs.length / 8) * plain.columns.length);
    const columns = schemaOf(plain).fields;
    return frame({
      columns,
      rows: plain.timeUs.length,
      t0Us: plain.timeUs[0]!,
      periodUs: 0,
      nulls,
      data: plainBlock(plain, true),
    });
  });

/** Whatever comes: a PitwallError, or a batch of which every row can be read. */
function survives(bytes: Buffer): boolean {
  try {
    const read = readAvro(bytes, new AvroConnection());
    const { timeUs, columns } = fromBatch(sortedBatch(read));
    assert.equal(timeUs.length, read.packed.rows);
    for (const [i, time] of timeUs.entries()) assert.ok(Number.isSafeInteger(time) && time >= (timeUs[i - 1] ?? 0));
    for (const { cells } of columns) assert.ok(cells.every((cell) => cell !== undefined));
    return true;
  } catch (error) {
    assert.ok(error instanceof PitwallError, String((error as Error).stack));
    return false;
  }
}

test('frames with any bytes changed are refused or readable to the last row, never a crash', () => {
  let taken = 0;
  const flips = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0x80, 0xff, 0x7f, 0))), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(foreign, flips, (whole, changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, to] of changes) bytes[at % bytes.length] = to;
      if (survives(bytes)) taken++;
    }),
    { numRuns: 6000 },
  );
  assert.ok(taken > 300, `${taken}`);
});

test('random bytes are refused or readable, never a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void survives(Buffer.from(bytes))),
    { numRuns: 5000 },
  );
});
