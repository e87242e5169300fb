import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BusRecord } from '../../../bus/bus.js';
import { type ForwardMessage, MERGE_SPREAD_US, mergeRecords } from '../../../bus/spooled/merge-records.js';
import { type ColumnType, field, Schema } from '../../../columnar/schema.js';
import { encodeDeadLetter } from '../../../schemas/dead-letter.js';
import { type PlainBatch, schemaOf } from '../../schemas/packed-oracle.js';
import { type PlainRow, plainHeader, plainRows, plainValue, rowsIn, spooled, tick } from './plain-records.js';

const T0 = 1_700_000_000_000_000;
const LIMITS = { bytesMax: 1_000_000, rowsMax: 65_536 };

/** Rows of one `f64` column, `stepUs` apart. */
function numbers(firstUs: number, rows: number, stepUs = 1000): PlainBatch {
  const timeUs = Array.from({ length: rows }, (_, i) => firstUs + i * stepUs);
  return { timeUs, columns: [{ name: 'v', type: 'f64', cells: timeUs.map((time) => time / 7) }] };
}

const NUMBERS = schemaOf(numbers(0, 1));
const known = (fingerprint: number) => (fingerprint === NUMBERS.fingerprint ? NUMBERS : undefined);

function rowsOf(message: ForwardMessage): PlainRow[] {
  return plainRows(plainHeader(message.value!), NUMBERS);
}

const sequences = (messages: readonly ForwardMessage[]) =>
  messages.map(({ sequence, parts }) => parts?.map((part) => part.sequence - 1000) ?? [sequence - 1000]);

test('records of twenty cars that come in turns become one message a car', () => {
  const records: BusRecord[] = [];
  const wanted: PlainRow[][] = Array.from({ length: 20 }, () => []);
  for (let round = 0; round < 5; round++) {
    for (let car = 0; car < 20; car++) {
      const plain = numbers(T0 + round * 20_000, 20);
      wanted[car]!.push(...rowsIn(plain));
      const stream = `car/${car}/imu`;
      records.push(spooled(records.length, stream, plainValue(plain, stream), { receivedUs: T0 + records.length }));
    }
  }
  const messages = mergeRecords(records, known, LIMITS);
  assert.equal(messages.length, 20);
  for (const [car, message] of messages.entries()) {
    const { value, parts, ...rest } = message;
    assert.deepEqual(rest, {
      kind: 'data',
      key: `car/${car}`,
      stream: `car/${car}/imu`,
      receivedUs: T0 + 80 + car,
      writer: 'gateway-1',
      sequence: 1080 + car,
      tags: '',
      schema: NUMBERS.fingerprint,
      rows: 100,
    });
    assert.deepEqual(
      parts,
      [0, 20, 40, 60, 80].map((first) => ({ sequence: 1000 + first + car, firstRow: 0, rows: 20 })),
    );
    assert.deepEqual(rowsOf(message), wanted[car]);
    const { seq, stream, schema, periodUs } = plainHeader(value!);
    assert.deepEqual([seq, stream, schema], [0, rest.stream, NUMBERS.fingerprint]);
    assert.equal(periodUs, 1000, 'times that go on evenly take no bytes');
  }
});

test('a record that stands alone, or that nothing is known of, keeps its very bytes', () => {
  const stream = 'car/1/imu';
  const plain = numbers(T0, 3);
  const sound = plainValue(plain, stream);
  const letter = { code: 'bad-time', reason: 'r', stage: 'decode', column: null, cell: null, expected: null };
  const other = { stream: '', client: 'c', receivedUs: T0, decoder: 'json', original: Buffer.alloc(9) };
  const values: [Buffer, isBatch: boolean][] = [
    [Buffer.alloc(0), false],
    [Buffer.from('{"t":1}'), false],
    [Buffer.alloc(40), false],
    [encodeDeadLetter({ ...letter, ...other }), false],
    [encodeDeadLetter({ ...letter, ...other, stream }), false],
    [plainValue(plain, stream, { seq: 7 }), false],
    [sound.subarray(0, sound.length - 1), false],
    [Buffer.concat([sound, Buffer.alloc(1)]), false],
    [plainValue(plain, stream, { schema: 5 }), true],
    [plainValue(plain, stream, { rows: 4 }), true],
    [plainValue(plain, stream, { rows: 0, data: Buffer.alloc(0) }), true],
    [plainValue(plain, stream, { rows: -1 }), true],
    [plainValue(plain, stream, { periodUs: Number.NaN }), true],
    [plainValue(plain, stream, { nulls: Buffer.alloc(2) }), true],
    [plainValue({ ...plain, timeUs: [T0, T0 - 1, T0 - 2] }, stream), true],
  ];
  for (const [value, isBatch] of values) {
    const records = [sound, value, sound].map((each, i) => spooled(i, stream, each));
    const messages = mergeRecords(records, known, LIMITS);
    assert.deepEqual(sequences(messages), [[0], [1], [2]], 'it is not passed by rows of its stream');
    for (const [i, message] of messages.entries()) {
      assert.equal(message.value, records[i]!.value);
      assert.equal(message.parts, undefined);
      assert.equal(message.receivedUs, records[i]!.receivedUs);
    }
    const header = isBatch ? plainHeader(value) : { schema: 0, rows: 0 };
    assert.deepEqual([messages[1]!.schema, messages[1]!.rows], [header.schema, header.rows]);
  }
});

test('no random or mangled bytes make it throw', () => {
  const sound = plainValue(numbers(T0, 3), 's');
  const mangled = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 4 }).map((edits) => {
    const bytes = Buffer.from(sound);
    for (const [at, byte] of edits) bytes[at] = byte;
    return bytes;
  });
  const bytes = fc.uint8Array({ maxLength: 60 }).map((each) => Buffer.from(each));
  const values = fc.array(fc.oneof(mangled, bytes, fc.constant(sound)), { maxLength: 6 });
  fc.assert(
    fc.property(values, (list) => {
      const records = list.map((value, i) => spooled(i, 's', value));
      const messages = mergeRecords(records, known, LIMITS);
      const sent = messages.flatMap(({ sequence, parts }) => parts?.map((part) => part.sequence) ?? [sequence]);
      assert.deepEqual(
        sent,
        records.map((record) => record.sequence),
      );
    }),
    { numRuns: 2000 },
  );
});

test('what differs in schema, writer, key or tags, and what goes back in time, is not merged', () => {
  const stream = 'car/1/imu';
  const integers = new Schema([field('v', 'i64')]);
  const at = (us: number, rest: Partial<BusRecord> = {}) => ({
    value: plainValue(numbers(T0 + us, 2), stream),
    ...rest,
  });
  const whole: PlainBatch = { timeUs: [T0 + 6000], columns: [{ name: 'v', type: 'i64', cells: [5n] }] };
  const records = [
    at(0),
    at(1000),
    at(2000, { tags: '{"a":"b"}' }),
    at(3000),
    at(4000, { writer: 'gateway-2' }),
    at(5000),
    at(6000, { value: plainValue(whole, stream) }),
    at(7000),
    at(8000),
    at(8999),
    at(10_000, { key: 'car' }),
    at(11_000),
  ].map(({ value, ...rest }, i) => spooled(i, stream, value, rest));
  const messages = mergeRecords(records, (print) => (print === integers.fingerprint ? integers : known(print)), LIMITS);
  assert.deepEqual(sequences(messages), [[0, 1], [2], [3], [4], [5], [6], [7, 8], [9], [10], [11]]);
});

test('nothing passes a tick', () => {
  const value = (i: number) => plainValue(numbers(T0 + i * 1000, 1), 's');
  const records = [0, 1, 2, 3, 4].map((i) => (i === 2 ? tick(i) : spooled(i, 's', value(i))));
  const messages = mergeRecords(records, known, LIMITS);
  assert.deepEqual(sequences(messages), [[0, 1], [2], [3, 4]]);
  const { kind, value: nothing, schema, rows, key, stream, parts } = messages[1]!;
  assert.deepEqual([kind, nothing, schema, rows, key, stream, parts], ['tick', null, 0, 0, '', '', undefined]);
});

/** Records of the streams in turns, each with the next ten rows, 10 ms apart, of its stream; it was received as it began. */
function inTurns(streams: readonly string[], rounds: number, skewUs: number): BusRecord[] {
  const records: BusRecord[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [s, stream] of streams.entries()) {
      const plain = numbers(T0 + round * 100_000 + s * skewUs, 10, 10_000);
      const receivedUs = T0 + round * 10 + s;
      records.push(spooled(records.length, stream, plainValue(plain, stream), { receivedUs }));
    }
  }
  return records;
}

test('a burst that holds minutes leaves the streams of an entity together, whatever the skew of their clocks', () => {
  for (const skewUs of [0, 5_000_000]) {
    const messages = mergeRecords(inTurns(['car/1/imu', 'car/1/gps'], 7, skewUs), known, LIMITS);
    assert.deepEqual(sequences(messages), [[0, 2, 4], [1, 3, 5], [6, 8, 10], [7, 9, 11], [12], [13]]);
  }
  // Streams of different entities are never joined with one another, yet share the time that passes.
  const apart = mergeRecords(inTurns(['car/1/imu', 'car/2/imu'], 4, 0), known, { ...LIMITS, spreadUs: 1_000_000 });
  assert.deepEqual(sequences(apart), [
    [0, 2, 4, 6],
    [1, 3, 5, 7],
  ]);
});

test('what a stream does lets the others of its entity go, and not those of others', () => {
  const slow = (us: number, stream: string) => [plainValue(numbers(T0 + us, 1), stream), stream] as const;
  const records = [
    slow(0, 'car/1/gps'),
    slow(0, 'car/2/gps'),
    slow(0, 'car/1/imu'),
    slow(MERGE_SPREAD_US + 1, 'car/1/imu'),
    slow(1000, 'car/1/gps'),
    slow(1000, 'car/2/gps'),
  ].map(([value, stream], i) => spooled(i, stream, value));
  assert.deepEqual(sequences(mergeRecords(records, known, LIMITS)), [[0], [2], [3], [4], [1, 5]]);
});

test('what was received further apart than the spread is not merged', () => {
  const records = [0, 100_000, 250_000, 250_001, 400_000].map((us, i) =>
    spooled(i, 's', plainValue(numbers(T0 + i * 1000, 1), 's'), { receivedUs: T0 + us }),
  );
  assert.deepEqual(sequences(mergeRecords(records, known, LIMITS)), [
    [0, 1, 2],
    [3, 4],
  ]);
});

test('texts that stand in several records stand once in the message', () => {
  const type: ColumnType = 'utf8';
  const plains = [0, 1, 2].map((i) => ({
    timeUs: [T0 + i * 10, T0 + i * 10 + 5],
    columns: [{ name: 'm', type, cells: ['Öl', i === 1 ? null : '😀'] }],
  }));
  const schema = schemaOf(plains[0]!);
  const records = plains.map((plain, i) => spooled(i, 's', plainValue(plain, 's')));
  const [message, ...others] = mergeRecords(records, () => schema, LIMITS);
  assert.equal(others.length, 0);
  const { data, ...header } = plainHeader(message!.value!);
  assert.deepEqual(plainRows({ ...header, data }, schema), plains.flatMap(rowsIn));
  assert.equal(data.indexOf('Öl'), data.lastIndexOf('Öl'));
});

test('messages stay within the limits of bytes and rows', () => {
  const records = Array.from({ length: 50 }, (_, i) => spooled(i, 's', plainValue(numbers(T0 + i * 7, 10, 0), 's')));
  for (const limits of [
    { bytesMax: 1000, rowsMax: 1000 },
    { bytesMax: 1_000_000, rowsMax: 37 },
    { bytesMax: 10, rowsMax: 1000 },
  ]) {
    const messages = mergeRecords(records, known, limits);
    for (const { value, rows, parts } of messages) {
      if (parts) assert.ok(value!.length <= limits.bytesMax && rows <= limits.rowsMax);
    }
    assert.equal(messages.length, limits.bytesMax === 10 ? 50 : limits.bytesMax === 1000 ? 10 : 17);
    assert.deepEqual(
      messages.flatMap(rowsOf),
      records.flatMap(({ value }) => plainRows(plainHeader(value), NUMBERS)),
    );
  }
});
