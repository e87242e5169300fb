import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, Schema } from '../../../columnar/schema.js';
import { PitwallError } from '../../../core/errors.js';
import type { TimeRule } from '../../../gateway/decoders/decoder.js';
import { JsonDecoder } from '../../../gateway/decoders/json.js';
import { StreamBuilder } from '../../../gateway/stream-builder.js';
import { closeAll, context, type PlainRow, RECEIVED_US, typesOf } from './decoded.js';

const T_MS = 1_711_111_111_123;
const T_US = T_MS * 1000;

/** Decodes payloads one after the other into one stream. */
function decode(payloads: (string | Buffer)[], rule: TimeRule | null = null, known: Schema | null = null) {
  const decoder = new JsonDecoder();
  const builder = new StreamBuilder('car/44/imu', known);
  const seen = context(rule);
  let taken = 0;
  for (const payload of payloads) taken += decoder.decode(Buffer.from(payload), builder, seen);
  const types = typesOf(builder);
  const rows = closeAll(builder);
  assert.equal(taken, rows.length);
  return { rows, types, refused: seen.refused, originals: seen.refused.map((refusal) => `${refusal.original}`) };
}

function row(timeUs: number, cells: PlainRow['cells']): PlainRow {
  return { timeUs, cells: Object.assign(Object.create(null), cells) };
}

/** The whole payload is refused: with this code, a reason that matches, and nothing left in the builder. */
function refusedWhole(payload: string | Buffer, code: string, reason: RegExp, rule: TimeRule | null = null): void {
  const builder = new StreamBuilder('s', null);
  const seen = context(rule);
  assert.throws(
    () => new JsonDecoder().decode(Buffer.from(payload), builder, seen),
    (error) => {
      assert.ok(error instanceof PitwallError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, reason);
      return true;
    },
  );
  assert.deepEqual([builder.rows, builder.schema.fields.length, seen.refused.length], [0, 0, 0]);
}

test('one row: numbers, bools and texts become columns, and the time is no column', () => {
  const { rows, types } = decode([`{"t":${T_MS},"ax":0.1,"gear":3,"brake":false,"mode":"race"}`]);
  assert.deepEqual(rows, [row(T_US, { ax: 0.1, gear: 3, brake: false, mode: 'race' })]);
  assert.deepEqual(types, { ax: 'f64', gear: 'i64', brake: 'bool', mode: 'utf8' });
});

test('rows, columns with even spacing and columns with own times give the same rows', () => {
  const wanted = [
    row(T_US, { ax: 1, ay: 0.5 }),
    row(T_US + 10_000, { ax: 2, ay: 0.25 }),
    row(T_US + 20_000, { ax: 3 }),
  ];
  for (const payload of [
    `[{"t":${T_MS},"ax":1,"ay":0.5},{"t":${T_MS + 10},"ax":2,"ay":0.25},{"t":${T_MS + 20},"ax":3,"ay":null}]`,
    `{"t0":${T_MS},"dt":10,"ax":[1,2,3],"ay":[0.5,0.25,null]}`,
    `{"t":[${T_MS},${T_MS + 10},${T_MS + 20}],"ax":[1,2,3],"ay":[0.5,0.25,null]}`,
  ]) {
    assert.deepEqual(decode([payload]).rows, wanted, payload);
    assert.deepEqual(decode([payload, payload]).rows.length, 6, payload);
  }
});

test('beside t0 and dt, fields that could be a time are columns, but for t, which tells the time itself', () => {
  const even = `{"t0":${T_MS},"dt":10,"timestamp":[599,799,5],"ts":4,"v":[1,"x",3],"t":null}`;
  const { rows, originals } = decode([even]);
  assert.deepEqual(rows, [
    row(T_US, { timestamp: 599, ts: 4, v: 1 }),
    row(T_US + 20_000, { timestamp: 5, ts: 4, v: 3 }),
  ]);
  assert.deepEqual(originals, ['{"t":"2024-03-22T12:38:31.133000Z","timestamp":799,"ts":4,"v":"x"}']);
  const numbers = `{"t0":${T_MS},"dt":10,"timestamp":[599,799],"v":[1,2]}`;
  assert.deepEqual(decode([numbers, numbers]).rows[3], row(T_US + 10_000, { timestamp: 799, v: 2 }));
  const own = decode([`{"t":[${T_MS}],"t0":7,"dt":10,"v":[1]}`]);
  assert.deepEqual(own.rows, [row(T_US, { t0: 7, dt: 10, v: 1 })]);
});

test('dt is in the unit of t0, whether told by size or by the rule, and may be a fraction', () => {
  for (const [t0, dt, rule] of [
    ['1711111111.123', '0.0025', null],
    ['1711111111123', '2.5', null],
    ['1711111111123000', '2500', null],
    ['1711111111123000000', '2500000', null],
    ['1711111111123', '2.5', { field: 'stamp', unit: 'ms' }],
    ['"2024-03-22T12:38:31.123Z"', '2.5', { field: 'stamp', unit: 'ms' }],
  ] as const) {
    const { rows } = decode([`{"t0":${t0},"dt":${dt},"v":[1,2,3]}`], rule);
    assert.deepEqual(
      rows.map((one) => one.timeUs),
      [T_US, T_US + 2500, T_US + 5000],
      `${t0} ${dt}`,
    );
  }
});

test('in columns, a single value stands for all rows, and nested lists are dotted columns', () => {
  const { rows } = decode([
    `{"t":[${T_MS},${T_MS + 1}],"unit":"g","gps":{"lat":[1,2],"fix":true},"q":[[1,2],{"w":3}]}`,
  ]);
  assert.deepEqual(rows, [
    row(T_US, { unit: 'g', 'gps.lat': 1, 'gps.fix': true, q: '[1,2]' }),
    row(T_US + 1000, { unit: 'g', 'gps.lat': 2, 'gps.fix': true, 'q.w': 3 }),
  ]);
});

test('nested objects are dotted columns and a list in a row is its JSON text', () => {
  const { rows, types } = decode([
    `{"t":${T_MS},"gps":{"lat":1.5,"fix":{"ok":true}},"tyres":[1, 2.50, {"a":-0}],"e":{}}`,
  ]);
  assert.deepEqual(rows, [row(T_US, { 'gps.lat': 1.5, 'gps.fix.ok': true, tyres: '[1,2.5,{"a":-0}]' })]);
  assert.deepEqual(types, { 'gps.lat': 'f64', 'gps.fix.ok': 'bool', tyres: 'utf8' });
});

test('the time is looked for in t, ts, time and timestamp, in that order; what comes later is a column', () => {
  for (const name of ['t', 'ts', 'time', 'timestamp']) {
    assert.deepEqual(decode([`{"${name}":${T_MS},"v":1}`]).rows, [row(T_US, { v: 1 })]);
  }
  assert.deepEqual(decode([`{"timestamp":5,"ts":${T_MS},"v":1}`]).rows, [row(T_US, { timestamp: 5, v: 1 })]);
  assert.deepEqual(decode([`{"t":null,"time":${T_MS},"v":1}`]).rows, [row(T_US, { v: 1 })]);
});

test("a rule's field is the time, by a dotted name too, and t is a column then", () => {
  const rule: TimeRule = { field: 'gps.time', unit: 's' };
  for (const payload of [
    '{"t":20.5,"gps":{"time":1711111111.123,"lat":1}}',
    '{"t":20.5,"gps.time":1711111111.123,"gps":{"lat":1}}',
  ]) {
    assert.deepEqual(decode([payload, payload], rule).rows[1], row(T_US, { t: 20.5, 'gps.lat': 1 }), payload);
  }
  const columns = '{"t":[20.5,21],"gps":{"time":[1711111111.123,1711111112.123],"lat":[1,2]}}';
  assert.deepEqual(decode([columns], rule).rows[1], row(T_US + 1e6, { t: 21, 'gps.lat': 2 }));
});

test('a row without a time gets the receive time and says so; rows with a time do not', () => {
  const { rows, types } = decode([`{"v":1}`, `{"v":2,"t":${T_MS}}`, '{"v":3}', '{"t":null,"v":4}']);
  assert.deepEqual(types, { v: 'i64', timeIsReceived: 'bool' });
  assert.deepEqual(rows, [
    row(T_US, { v: 2 }),
    row(RECEIVED_US, { v: 1, timeIsReceived: true }),
    row(RECEIVED_US, { v: 3, timeIsReceived: true }),
    row(RECEIVED_US, { v: 4, timeIsReceived: true }),
  ]);
  const ruled = decode(['{"t":5,"v":1}', '{"stamp":null,"v":2}'], { field: 'stamp', unit: 'ms' });
  assert.deepEqual(ruled.rows, [
    row(RECEIVED_US, { t: 5, v: 1, timeIsReceived: true }),
    row(RECEIVED_US, { v: 2, timeIsReceived: true }),
  ]);
});

test('a whole number makes i64, a fraction widens it to f64, and so does what i64 cannot hold exactly', () => {
  for (const [cells, type] of [
    [['1', '2'], 'i64'],
    [['1', '2.0'], 'i64'],
    [['1', '2.5', '3'], 'f64'],
    [['9007199254740991', '-9007199254740991'], 'i64'],
    [['1', '9007199254740993'], 'f64'],
    [['1', '-0'], 'f64'],
    [['0.1'], 'f64'],
  ] as const) {
    const { rows, types } = decode(cells.map((cell, i) => `{"t":${T_MS + i},"v":${cell}}`));
    assert.equal(types.v, type, cells.join());
    for (const [i, one] of rows.entries()) assert.ok(Object.is(Number(one.cells.v), JSON.parse(cells[i]!)));
  }
});

test('nulls make no column, and a column that comes late is null before', () => {
  const { rows, types } = decode([
    `{"t":${T_MS},"a":null}`,
    `{"t":${T_MS + 1},"a":null,"b":"x"}`,
    `{"t":${T_MS + 2},"a":1}`,
  ]);
  assert.deepEqual(types, { b: 'utf8', a: 'i64' });
  assert.deepEqual(rows, [row(T_US, {}), row(T_US + 1000, { b: 'x' }), row(T_US + 2000, { a: 1 })]);
});

test('a row that contradicts is refused alone, with column, cell, expected type and itself', () => {
  const { rows, refused, originals, types } = decode([
    `[{"t":${T_MS},"ax":1,"on":true,"m":"a"},{"t":${T_MS + 1},"ax":"high","new":1},{"t":${T_MS + 2},"ax":2}]`,
  ]);
  assert.deepEqual(rows, [row(T_US, { ax: 1, on: true, m: 'a' }), row(T_US + 2000, { ax: 2 })]);
  assert.deepEqual(types, { ax: 'i64', on: 'bool', m: 'utf8' });
  const [{ code, column, cell, expected, reason }] = refused as [(typeof refused)[number]];
  assert.deepEqual(
    { code, column, cell, expected },
    { code: 'type-contradiction', column: 'ax', cell: '"high"', expected: 'i64' },
  );
  assert.equal(reason, 'a row of stream "car/44/imu" has the text "high" in column "ax", which holds i64');
  assert.deepEqual(originals, [`{"t":${T_MS + 1},"ax":"high","new":1}`]);
});

test('each pair of kinds contradicts, in a message of its own and after a restart', () => {
  const kinds = { i64: '1', f64: '0.5', bool: 'true', utf8: '"x"' };
  for (const [type, cell] of Object.entries(kinds)) {
    for (const [otherType, other] of Object.entries(kinds)) {
      const number = (name: string) => name === 'i64' || name === 'f64';
      const fits = type === otherType || (number(type) && number(otherType));
      const known = new Schema([field('v', type as 'i64')]);
      for (const { refused, rows } of [
        decode([`{"t":${T_MS},"v":${cell}}`, `{"t":${T_MS},"v":${other}}`]),
        decode([`{"t":${T_MS},"v":${cell}}`, `{"t":${T_MS},"v":${other}}`], null, known),
      ]) {
        assert.equal(refused.length, fits ? 0 : 1, `${type} ${otherType}`);
        assert.equal(rows.length, fits ? 2 : 1);
      }
    }
  }
});

test('in columns only the row of the contradicting cell is refused, and carries its time', () => {
  const times = [T_MS, T_MS + 10, T_MS + 20];
  const own = decode([`{"t":[${times}],"ax":[1,"x",3],"ay":[1,2,3]}`]);
  assert.deepEqual(own.rows, [row(T_US, { ax: 1, ay: 1 }), row(T_US + 20_000, { ax: 3, ay: 3 })]);
  assert.deepEqual(own.originals, [`{"t":${T_MS + 10},"ax":"x","ay":2}`]);
  const even = decode([`{"t0":${T_MS},"dt":10,"ax":[1,"x",3],"ay":[1,2,3]}`]);
  assert.deepEqual(even.rows, own.rows);
  assert.deepEqual(even.originals, ['{"t":"2024-03-22T12:38:31.133000Z","ax":"x","ay":2}']);
});

test('a refused row without a time carries the receive time and says so', () => {
  const { originals } = decode(['{"v":1}', '{"t":null,"v":"x"}']);
  assert.deepEqual(originals, ['{"t":"2024-03-22T12:38:31.123456Z","timeIsReceived":true,"v":"x"}']);
  assert.deepEqual(decode(originals).rows, [row(RECEIVED_US, { v: 'x', timeIsReceived: true })]);
});

test('a time that is none, or is out of range, refuses its row alone', () => {
  for (const time of ['25.3', '0', '-5', '"soon"', 'true', '{"s":1}', '7258118401', '"2300-01-01"', '1e300']) {
    const { rows, refused } = decode([`[{"t":${T_MS},"v":1},{"t":${time},"v":2}]`]);
    assert.equal(rows.length, 1, time);
    assert.equal(refused[0]?.code, 'bad-time', time);
    assert.equal(`${refused[0]?.original}`, `{"t":${JSON.stringify(JSON.parse(time))},"v":2}`);
  }
  assert.match(decode(['{"t":25.3,"v":1}']).refused[0]!.reason, /too small to tell its unit .* declare time/);
  const even = decode(['{"t0":7258118399,"dt":1,"v":[1,2,3]}']);
  assert.equal(even.rows.length, 2);
  assert.equal(even.refused[0]?.code, 'bad-time');
});

test('broken JSON is refused whole, and the reason says what to do', () => {
  refusedWhole('', 'bad-payload', /is empty/);
  refusedWhole(' \n', 'bad-payload', /only white space/);
  refusedWhole('{"t":1,"ax":NaN}', 'bad-payload', /NaN at character 12, .* send null/);
  refusedWhole('{"a":"NaN","b":-Infinity}', 'bad-payload', /-Infinity at character 15/);
  refusedWhole('[{"a":inf}]', 'bad-payload', /holds inf at/);
  refusedWhole('{"t":1711111111123,"ax":0.', 'bad-payload', /was it cut off\?/);
  refusedWhole('{"t":1711111111123,"ax":"0', 'bad-payload', /was it cut off\?/);
  refusedWhole('{"t":1711111111123 "ax":1}', 'bad-payload', /is no JSON/);
  refusedWhole(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'bad-payload', /not valid UTF-8/);
  refusedWhole('\ufeff{"a":1}', 'bad-payload', /byte order mark/);
  refusedWhole(Buffer.from('{"a":1}', 'utf16le'), 'bad-payload', /is no JSON/);
});

test('what is no row, no rows and no columns is refused whole', () => {
  for (const payload of ['1', '"x"', 'null', 'true']) refusedWhole(payload, 'bad-payload', /a row is an object/);
  refusedWhole(`[{"t":${T_MS},"v":1},5]`, 'bad-payload', /the single value 5 at place 1/);
  refusedWhole('[[1,2]]', 'bad-payload', /a list at place 0/);
  refusedWhole(`{"t0":${T_MS},"dt":10,"a":[1,2],"b":[1]}`, 'bad-payload', /2 cells in column "a" and 1 in "b"/);
  refusedWhole(`{"t":[${T_MS}],"a":[1,2]}`, 'bad-payload', /equal length/);
  refusedWhole(`{"t0":${T_MS},"dt":10,"t":5,"a":[1]}`, 'bad-payload', /"t" beside t0 and dt/);
  for (const dt of ['0', '-1', 'null', '"10"', '1e400', '[10]'])
    refusedWhole(`{"t0":${T_MS},"dt":${dt},"a":[1]}`, 'bad-time', /the dt /);
  for (const t0 of ['5', 'null', '"x"', '{}']) refusedWhole(`{"t0":${t0},"dt":1,"a":[1]}`, 'bad-time', /the t0 /);
  refusedWhole('{"t0":"2024-03-22T12:38:31Z","dt":1,"a":[1]}', 'bad-time', /dt has no unit/);
});

test('an empty list of rows, and columns of no rows, are taken as nothing; an empty row is refused', () => {
  for (const payload of ['[]', '{"t":[],"a":[]}', `{"t0":${T_MS},"dt":10,"a":[]}`]) {
    const { rows, refused } = decode([payload, payload]);
    assert.deepEqual([rows.length, refused.length], [0, 0], payload);
  }
  const { rows, refused } = decode([`[{"t":${T_MS}},{}]`]);
  assert.deepEqual(rows, [row(T_US, {})]);
  assert.match(refused[0]!.reason, /is empty/);
});

test('nesting up to the limit is taken, deeper is refused whole, however deep it is', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  assert.equal(decode([nested(16)]).rows.length, 1);
  refusedWhole(nested(17), 'bad-payload', /deeper than 16 levels/);
  const listed = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  assert.equal(decode([listed(15)]).rows.length, 1);
  refusedWhole(listed(16), 'bad-payload', /deeper than 16 levels/);
  for (const deep of [nested(200_000), listed(200_000)]) refusedWhole(deep, 'bad-payload', /deeper than 16 levels/);
  const lists = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  for (const payload of [
    lists,
    `{"t":${lists},"v":[1]}`,
    `{"t0":${lists},"dt":1,"v":[1]}`,
    `{"t":${nested(100_000)}}`,
    `[{"t":${T_MS},"v":1},{"t":${T_MS},"v":"x","w":${lists}}]`,
  ]) {
    refusedWhole(payload, 'bad-payload', /deeper than|a list at place/);
  }
});

test('a number beyond the range of doubles refuses its row, and the original keeps it out of range', () => {
  const { rows, refused, originals } = decode([
    `[{"t":${T_MS},"v":1e400,"w":-0},{"t":${T_MS},"v":1}]`,
    `{"t":${T_MS},"l":[1e400]}`,
  ]);
  assert.equal(rows.length, 2);
  assert.deepEqual([refused[0]!.code, refused[0]!.column, refused[0]!.cell], ['bad-payload', 'v', '1e999']);
  assert.deepEqual(originals, [`{"t":${T_MS},"v":1e999,"w":-0}`]);
  assert.equal(rows[1]!.cells.l, '[1e999]');
});

test('the last of duplicate keys wins, and names like __proto__ are names like any other', () => {
  assert.deepEqual(decode([`{"t":${T_MS},"a":1,"a":"x"}`]).rows, [row(T_US, { a: 'x' })]);
  const payload = `{"t":${T_MS},"__proto__":1,"constructor":{"prototype":2},"toString":true,"hasOwnProperty":"x"}`;
  const wanted = JSON.parse('{"__proto__":1,"constructor.prototype":2,"toString":true,"hasOwnProperty":"x"}');
  for (const { cells } of decode([payload, payload]).rows) {
    assert.deepEqual(Object.entries(cells), Object.entries(wanted));
  }
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  const bad = decode([`{"t":${T_MS},"v":1}`, `{"t":[${T_MS}],"__proto__":[1],"v":["x"]}`]);
  assert.deepEqual(bad.originals, [`{"t":${T_MS},"__proto__":1,"v":"x"}`]);
});

test('column names that are empty or too long, and columns over the limit, refuse their row', () => {
  const { rows, refused } = decode([`[{"t":${T_MS},"":1},{"t":${T_MS},"${'n'.repeat(257)}":1},{"t":${T_MS},"v":1}]`]);
  assert.equal(rows.length, 1);
  assert.deepEqual(
    refused.map(({ code }) => code),
    ['bad-payload', 'bad-payload'],
  );
  const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, i]));
  const many = decode([JSON.stringify([wide(2048), wide(2049), { c0: 1 }])]);
  assert.equal(many.rows.length, 1);
  assert.deepEqual(
    many.refused.map(({ code }) => code),
    ['too-many-columns', 'too-many-columns'],
  );
});

test('rows that would blow up to gigabytes in a stream of very many columns are refused whole', () => {
  const decoder = new JsonDecoder();
  const builder = new StreamBuilder('s', null);
  const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`c${i}`, i]));
  decoder.decode(Buffer.from(JSON.stringify({ t: T_MS, ...wide })), builder, context());
  const rows = Buffer.from(`[${Array.from({ length: 30_000 }, () => `{"t":${T_MS},"c0":1}`).join(',')}]`);
  for (let i = 0; i < 2; i++) {
    assert.throws(
      () => decoder.decode(rows, builder, context()),
      (error) => error instanceof PitwallError && error.code === 'payload-too-large',
    );
    assert.equal(builder.rows, 1);
  }
});

test('a message of which very many rows, or bytes of rows, are refused is refused whole', () => {
  const known = `{"t":${T_MS},"v":1}`;
  const builder = new StreamBuilder('s', null);
  const decoder = new JsonDecoder();
  decoder.decode(Buffer.from(known), builder, context());
  const some = context();
  assert.equal(decoder.decode(Buffer.from(`[${'{"v":"x"},'.repeat(10_000)}${known}]`), builder, some), 1);
  assert.equal(some.refused.length, 10_000);
  const long = `"m":"${'m'.repeat(1_000_000)}"`;
  for (const payload of [
    `[${known},${'{"v":"x"},'.repeat(10_001)}${known}]`,
    `{"t0":${T_MS},"dt":1,${long},"v":[${'"x",'.repeat(99)}1]}`,
  ]) {
    const seen = context();
    assert.throws(() => decoder.decode(Buffer.from(payload), builder, seen), {
      code: 'type-contradiction',
      message: /too many rows to be refused one by one; the first: a row of stream "s" has the text "x" in column "v"/,
    });
    assert.deepEqual([builder.rows, seen.refused.length], [2, 0]);
  }
});

test('a large payload is read, and closed in batches that keep to the limits', () => {
  const builder = new StreamBuilder('s', null);
  const count = 1_200_000;
  const payload = Buffer.from(
    `{"t0":${T_MS},"dt":1,"a":[${'1,'.repeat(count - 1)}2],"b":[${'0,'.repeat(count - 1)}0.5]}`,
  );
  const decoder = new JsonDecoder();
  decoder.decode(Buffer.from(`{"t0":${T_MS},"dt":1,"a":[1],"b":[1]}`), builder, context());
  builder.close();
  assert.equal(decoder.decode(payload, builder, context()), count);
  let rows = 0;
  let last = 0;
  for (let batch = builder.close(); batch !== null; batch = builder.close()) {
    assert.ok(batch.rows <= 1 << 20);
    assert.ok(batch.rows * 24 <= 16 * 1024 * 1024);
    assert.equal(batch.timeUs[0], T_US + rows * 1000);
    rows += batch.rows;
    last = (batch.columns[1]!.values as Float64Array)[batch.rows - 1]!;
  }
  assert.deepEqual([rows, last, builder.rows], [count, 0.5, 0]);
});

test('a frame: its own keys are no columns, its payload has any shape, and rows may stand in rows', () => {
  const decoder = new JsonDecoder();
  const builder = new StreamBuilder('car/44/imu', null);
  const seen = context();
  const keys = ['stream', 'seq'];
  const frame = (payload: object) =>
    decoder.decodeValue({ stream: 'car/44/imu', seq: 7, ...payload }, builder, seen, keys);
  assert.equal(frame({ t: T_MS, v: 1 }), 1);
  assert.equal(frame({ t0: T_MS, dt: 1, v: [2, 3] }), 2);
  assert.equal(frame({ t: [T_MS + 2], v: [4] }), 1);
  assert.equal(
    frame({
      rows: [
        { t: T_MS + 3, v: 5, seq: 9 },
        { t: T_MS + 4, v: 'x' },
      ],
    }),
    1,
  );
  assert.equal(frame({ t: T_MS, v: 'y' }), 0);
  assert.deepEqual(
    seen.refused.map(({ original }) => `${original}`),
    [`{"t":${T_MS + 4},"v":"x"}`, `{"t":${T_MS},"v":"y"}`],
  );
  assert.throws(() => frame({ rows: [{ t: T_MS, v: 1 }], car: '44' }), /"car" beside its rows/);
  assert.deepEqual(
    closeAll(builder).map(({ cells }) => ({ ...cells })),
    [{ v: 1 }, { v: 2 }, { v: 3 }, { v: 4 }, { v: 5, seq: 9 }],
  );
});

test('without frame keys, rows is a column like any other', () => {
  const { rows } = decode([`{"t":${T_MS},"rows":[{"t":1}],"stream":"x"}`]);
  assert.deepEqual(rows, [row(T_US, { rows: '[{"t":1}]', stream: 'x' })]);
});
