import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { recordOf } from '../record-of.js';
import { encodeRecord, linesOf } from './encode-record.js';

test('a row is a line with the last level of its stream as measurement, its captures as tags, its columns as fields', () => {
  const record = recordOf({
    tags: { car: '44', Lap: '7' },
    times: [0, 10_000],
    columns: [
      [field('ax', 'f64'), [0.1, -12.345]],
      [field('rpm', 'i32'), [11000, -1]],
      [field('gear', 'u8'), [3, null]],
      [field('brake', 'bool'), [true, false]],
      [field('note', 'utf8'), ['box, "box"', 'C:\\']],
    ],
  });
  assert.deepEqual(linesOf(record), [
    String.raw`imu,Lap=7,car=44 ax=0.1,rpm=11000i,gear=3i,brake=true,note="box, \"box\"" 1711111111123000001`,
    String.raw`imu,Lap=7,car=44 ax=-12.345,rpm=-1i,brake=false,note="C:\\" 1711111111133000001`,
  ]);
});

test('numbers have the digits of their own type', () => {
  const times = [0, 1, 2, 3, 4, 5];
  const record = recordOf({
    times,
    columns: [
      [field('f64', 'f64'), [0.1, -0, 5e-324, 1.7976931348623157e308, 0.30000000000000004, 2 ** 53]],
      [field('f32', 'f32'), [0.1, -0, 2 ** -149, 3.4028234663852886e38, 16777216, 101.325]],
      [field('i64', 'i64'), [0n, -1n, 9007199254740993n, -(2n ** 63n), 2n ** 63n - 1n, -9007199254740993n]],
      [field('scaled', 'i16', 0.01, -40), [0, 1, 32767, -32768, 4000, 4100]],
      [field('whole', 'i32', 2), [0, 1, 2, -3, 2147483647, -2147483648]],
    ],
  });
  assert.deepEqual(
    linesOf(record).map((line) => line.slice(4, line.lastIndexOf(' '))),
    [
      'f64=0.1,f32=0.1,i64=0i,scaled=-40,whole=0',
      'f64=-0,f32=-0,i64=-1i,scaled=-39.99,whole=2',
      'f64=5e-324,f32=1e-45,i64=9007199254740993i,scaled=287.67,whole=4',
      'f64=1.7976931348623157e+308,f32=3.4028235e+38,i64=-9223372036854775808i,scaled=-367.68,whole=-6',
      'f64=0.30000000000000004,f32=16777216,i64=9223372036854775807i,scaled=0,whole=4294967294',
      'f64=9007199254740992,f32=101.325,i64=-9007199254740993i,scaled=1,whole=-4294967296',
    ],
  );
});

test('commas, blanks and equals signs in names are escaped; what would end or begin a line wrongly is spelt out', () => {
  const record = recordOf({
    stream: 'x/#my imu, a=b',
    tags: { 'car=no, a': '4 4,=', bad: 'C:\\', line: 'a\nb', inner: 'a\\,b', empty: '' },
    times: [0],
    columns: [
      [field('g, lat="x" =', 'f32'), [1]],
      [field('ünï\t', 'bool'), [true]],
    ],
  });
  assert.deepEqual(linesOf(record), [
    String.raw`\#my\ imu\,\ a=b,bad=C:\_,car\=no\,\ a=4\ 4\,\=,inner=a\_\,b,line=a\nb g\,\ lat\="x"\ \==1,ünï\t=true 1711111111123000001`,
  ]);
});

test('a text may hold line ends, and only quotes and backslashes are escaped in it', () => {
  const record = recordOf({ times: [0], columns: [[field('note', 'utf8'), ['a\nb, c=d\\"車🏎']]] });
  assert.deepEqual(encodeRecord(record).bytes.toString(), 'imu note="a\nb, c=d\\\\\\"車🏎" 1711111111123000001\n');
});

test('cells that are no numbers are left out and counted, and so is a row that has no other field', () => {
  const record = recordOf({
    times: [0, 1, 2, 3],
    columns: [
      [field('a', 'f64'), [NaN, Infinity, null, 1]],
      [field('b', 'f32'), [2, -Infinity, null, NaN]],
    ],
  });
  const { bytes, counts } = encodeRecord(record);
  assert.equal(bytes.toString(), 'imu b=2 1711111111123000001\nimu a=1 1711111111123003001\n');
  assert.deepEqual(counts, { nonFinite: 4, emptyRows: 2, overwriting: 0 });
});

test('utf8 and bool columns become tags where they are asked for, and rows without them go without', () => {
  const record = recordOf({
    tags: { car: '44' },
    times: [0, 1, 2, 3],
    columns: [
      [field('wheel', 'utf8'), ['front left', 'rr', null, '']],
      [field('wet', 'bool'), [true, false, null, true]],
      [field('temp', 'i16', 0.5), [901, 902, 903, 904]],
    ],
  });
  assert.deepEqual(linesOf(record, { tags: ['wheel', 'car', 'wet', 'temp', 'nothing', 'stream'] }), [
    String.raw`imu,car=44,stream=car/44/imu,wet=true,wheel=front\ left temp=450.5 1711111111123000001`,
    'imu,car=44,stream=car/44/imu,wet=false,wheel=rr temp=451 1711111111123001001',
    'imu,car=44,stream=car/44/imu temp=451.5 1711111111123002001',
    'imu,car=44,stream=car/44/imu,wet=true temp=452 1711111111123003001',
  ]);
});

test('the measurement is a template of the stream and its captures, with other for what is not there', () => {
  const columns: [ReturnType<typeof field>, number[]][] = [[field('a', 'u8'), [1]]];
  const record = recordOf({ tags: { car: '44', none: '' }, times: [0], columns });
  const measured = (measurement: string) => linesOf(record, { measurement, tags: [] })[0]!.split(' a=')[0];
  assert.equal(measured('telemetry'), 'telemetry');
  assert.equal(measured('{stream}'), 'car/44/imu');
  assert.equal(measured('{car} of {none}/{nothing}'), String.raw`44\ of\ other/other`);
});

test('fields are a choice of columns, under other names where that is asked for', () => {
  const record = recordOf({
    times: [0],
    columns: [
      [field('a', 'u8'), [1]],
      [field('b', 'u8'), [2]],
      [field('c', 'u8'), [3]],
    ],
  });
  assert.deepEqual(linesOf(record, { fields: ['c', 'a', 'x'] }), ['imu c=3i,a=1i 1711111111123000001']);
  assert.deepEqual(linesOf(record, { fields: { b: 'speed', a: 'a' } }), ['imu speed=2i,a=1i 1711111111123000001']);
});

test('names that InfluxDB keeps for itself, and fields that are called like a tag, get an underscore', () => {
  const record = recordOf({
    tags: { car: '44', time: '1' },
    times: [0],
    columns: [
      [field('time', 'u8'), [1]],
      [field('car', 'u8'), [2]],
      [field('car_', 'u8'), [3]],
      [field('_field', 'u8'), [4]],
    ],
  });
  assert.deepEqual(linesOf(record), ['imu,car=44,time_=1 time__=1i,car__=2i,car_=3i,_field_=4i 1711111111123000001']);
});

test('a row whose key or text is longer than InfluxDB takes is refused with a reason, and the others are written', () => {
  const long = recordOf({
    times: [0, 1],
    columns: [[field('note', 'utf8'), ['x'.repeat(65_537), 'x'.repeat(65_536)]]],
  });
  const { bytes, refused } = encodeRecord(long);
  assert.equal(bytes.toString(), `imu note="${'x'.repeat(65_536)}" 1711111111123001001\n`);
  assert.deepEqual(refused, [[0, 'the text of field "note" is over the 65536 bytes InfluxDB takes']]);

  const columns: [ReturnType<typeof field>, (string | number)[]][] = [
    [field('note', 'utf8'), ['x'.repeat(65_531 - 'imu,note='.length - 1), 'x'.repeat(65_531 - 'imu,note='.length)]],
    [field('a', 'u8'), [1, 2]],
  ];
  const keyed = encodeRecord(recordOf({ times: [0, 1], columns }), { tags: ['note'] });
  assert.equal(keyed.bytes.toString().split('\n').length, 2);
  assert.deepEqual(keyed.refused, [
    [1, 'measurement, tags and the longest field key take 65532 bytes; InfluxDB takes 65531'],
  ]);
});
