import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { cellAt } from '../../../columnar/batch.js';
import { mergeByTime } from '../../../devices/recordings/merge.js';
import { isoTimeUs, recordedTimeUs } from '../../../devices/recordings/recorded-time.js';
import { type RecordedMessage, Recording, type RecordingOptions } from '../../../devices/recordings/recording.js';
import { jsonPayload } from '../../../devices/senders/json-payload.js';
import { exactUs } from '../../support/exact-us.js';

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const skip = existsSync(join(shared, 'data')) ? false : `NO RECORDINGS at ${join(shared, 'data')}: set PITWALL_SHARED`;
const PLAIN: RecordingOptions = { timeColumns: [], unit: null, stream: '{file}' };

async function file(t: TestContext, name: string, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pitwall-recording-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function all(messages: AsyncGenerator<RecordedMessage>): Promise<RecordedMessage[]> {
  const list: RecordedMessage[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

type Row = Record<string, unknown>;

/** Rows as objects without nulls, lines that are none as `{raw}`. */
async function rowsOf(recording: Recording, batchRows = 3, shiftUs = 0): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { message } of await all(recording.messages(batchRows, shiftUs))) {
    if ('raw' in message) {
      rows.push({ raw: message.raw });
      continue;
    }
    const { batch } = message;
    for (let r = 0; r < batch.rows; r++) {
      const row: Row = { timeUs: batch.timeUs[r] };
      batch.schema.fields.forEach((f, c) => {
        const value = cellAt(batch, c, r);
        if (value !== null) row[f.name] = value;
      });
      rows.push(row);
    }
  }
  return rows;
}

const typesOf = (recording: Recording) => Object.fromEntries(recording.schema.fields.map((f) => [f.name, f.type]));

test('columns get their type from all their cells', async (t) => {
  const path = await file(
    t,
    'lap.csv',
    [
      'time,whole,part,flag,word,hex,long,zeros,mixed,nan,none',
      '1714564800,1,2,true,x,0014,9007199254740993,007,1,NaN,',
      '1714564800.5,-3,2.5,FALSE,"",5e00,1,1,true,nan,',
      '1714564801,,-0.0,,,00ff,2,2,2,3.5,',
    ].join('\n'),
  );
  const recording = await Recording.open(path, PLAIN);
  assert.deepEqual(typesOf(recording), {
    time: 'f64',
    whole: 'i64',
    part: 'f64',
    flag: 'bool',
    word: 'utf8',
    hex: 'utf8',
    long: 'utf8',
    zeros: 'utf8',
    mixed: 'utf8',
    nan: 'f64',
    none: 'f64',
  });
  assert.equal(recording.stream, 'lap');
  assert.deepEqual(await rowsOf(recording), [
    {
      timeUs: 1714564800e6,
      time: 1714564800,
      whole: 1,
      part: 2,
      flag: true,
      word: 'x',
      hex: '0014',
      long: '9007199254740993',
      zeros: '007',
      mixed: '1',
    },
    {
      timeUs: 1714564800.5e6,
      time: 1714564800.5,
      whole: -3,
      part: 2.5,
      flag: false,
      word: '',
      hex: '5e00',
      long: '1',
      zeros: '1',
      mixed: 'true',
    },
    { timeUs: 1714564801e6, time: 1714564801, part: -0, hex: '00ff', long: '2', zeros: '2', mixed: '2', nan: 3.5 },
  ]);
});

test('short rows are rows; a cut last line, an open quote and surplus fields are sent as they stand', async (t) => {
  const path = await file(
    t,
    'x.csv',
    't,a,b,c\n1714564800,1\n1714564801,1,2,3,\n1714564802,1,2,3,4\n1714564803,"1\n1714564804,5,6,7\nno time,1,2,3\n1714564805,2,"x',
  );
  const recording = await Recording.open(path, PLAIN);
  assert.equal(recording.rows, 3);
  assert.equal(recording.broken, 4);
  assert.deepEqual(await rowsOf(recording), [
    { timeUs: 1714564800e6, recorded_t: 1714564800, a: 1 },
    { timeUs: 1714564801e6, recorded_t: 1714564801, a: 1, b: 2, c: 3 },
    { raw: '1714564802,1,2,3,4' },
    { raw: '1714564803,"1' },
    { timeUs: 1714564804e6, recorded_t: 1714564804, a: 5, b: 6, c: 7 },
    { raw: 'no time,1,2,3' },
    { raw: '1714564805,2,"x' },
  ]);
});

test('JSON lines keep types, nested names, lists as text and long numbers', async (t) => {
  const lines = [
    '{"ts":1714564800000,"gps":{"lat":1.5,"fix":true},"list":[1,2],"id":12345678901234567890,"text":"1234567890123456789"}',
    '',
    'not json',
    '[1]',
    '{"ts":1714564800001,"late":1,"gps":{"lat":-0.0}}',
    '{"ts":1714564800',
  ];
  const path = await file(t, 'log.jsonl.gz', gzipSync(lines.join('\n')));
  const recording = await Recording.open(path, PLAIN);
  assert.deepEqual(await rowsOf(recording, 10), [
    {
      timeUs: 1714564800000e3,
      ts: 1714564800000,
      'gps.lat': 1.5,
      'gps.fix': true,
      list: '[1,2]',
      id: '12345678901234567890',
      text: '1234567890123456789',
    },
    { raw: 'not json' },
    { raw: '[1]' },
    { timeUs: 1714564800001e3, ts: 1714564800001, late: 1, 'gps.lat': -0 },
    { raw: '{"ts":1714564800' },
  ]);
});

test('times are read to the microsecond in every unit, as numbers and as ISO 8601', () => {
  const us = fc.integer({ min: Date.UTC(1975, 0, 1) * 1000, max: Date.UTC(2100, 0, 1) * 1000 });
  fc.assert(
    fc.property(us, fc.nat(999), (timeUs, nanos) => {
      const digits = String(timeUs);
      const decimal = (places: number) => `${digits.slice(0, -places)}.${digits.slice(-places)}`;
      assert.equal(recordedTimeUs(decimal(6), null), timeUs);
      assert.equal(recordedTimeUs(decimal(3), null), timeUs);
      assert.equal(recordedTimeUs(digits, null), timeUs);
      assert.equal(recordedTimeUs(timeUs, 'us'), timeUs);
      assert.equal(recordedTimeUs(`${digits}${String(nanos).padStart(3, '0')}`, null), timeUs + (nanos >= 500 ? 1 : 0));
      const iso = `${new Date(Math.floor(timeUs / 1000)).toISOString().slice(0, -1)}${digits.slice(-3)}`;
      assert.equal(isoTimeUs(`${iso}Z`), timeUs);
      assert.equal(isoTimeUs(iso.replace('T', ' ')), timeUs);
    }),
  );
  assert.equal(isoTimeUs('2024-05-01T14:00:00+02:00'), Date.UTC(2024, 4, 1, 12) * 1000);
  assert.equal(isoTimeUs('2024-05-01'), Date.UTC(2024, 4, 1) * 1000);
  for (const bad of ['', ' ', 'x', '2024-13-01T00:00:00Z', null, true, Number.NaN, 12])
    assert.equal(recordedTimeUs(bad, null), null);
  assert.equal(recordedTimeUs('12.5', 's'), 12_500_000);
});

test('a message ends where time goes back, so that each is in order', async (t) => {
  const path = await file(t, 'x.csv', 'ts,a\n1714564803,1\n1714564804,2\n1714564801,3\n1714564801,4\n1714564802,5\n');
  const recording = await Recording.open(path, PLAIN);
  const messages = await all(recording.messages(10, 5));
  const times = messages.map(({ message }) => ('batch' in message ? [...message.batch.timeUs] : []));
  assert.deepEqual(times, [
    [1714564803000005, 1714564804000005],
    [1714564801000005, 1714564801000005, 1714564802000005],
  ]);
  assert.equal(recording.firstUs, 1714564801e6);
  assert.equal(recording.lastUs, 1714564804e6);
});

test('several files come merged by time, each in its own order', async (t) => {
  const a = await Recording.open(await file(t, 'a.csv', 'ts,x\n1714564800,1\n1714564803,2\n1714564806,3\n'), PLAIN);
  const b = await Recording.open(await file(t, 'b.csv', 'ts,x\n1714564801,1\n1714564803,2\n1714564804,3\n'), PLAIN);
  const merged = await all(mergeByTime([a.messages(1, 0), b.messages(1, 0)]));
  const order = merged.map(
    ({ message, dueUs }) => `${'batch' in message ? message.batch.stream : ''}${dueUs / 1e6 - 1714564800}`,
  );
  assert.deepEqual(order, ['a0', 'b1', 'a3', 'b3', 'b4', 'a6']);
});

test('what cannot be replayed is refused with what to do', async (t) => {
  await assert.rejects(Recording.open('/no/such/file.csv', PLAIN), /\/no\/such\/file\.csv cannot be read: .*ENOENT/);
  await assert.rejects(Recording.open(await file(t, 'e.csv', ''), PLAIN), /e\.csv is empty/);
  await assert.rejects(
    Recording.open(await file(t, 'c.csv.gz', gzipSync('t,a\n1,2\n').subarray(0, 15)), PLAIN),
    /c\.csv\.gz cannot be read/,
  );
  await assert.rejects(
    Recording.open(await file(t, 'n.csv', 'a,b\nx,y\n'), PLAIN),
    /no row whose column "a" tells a time; name another with --time/,
  );
  const options = { ...PLAIN, timeColumns: ['clock'] };
  await assert.rejects(
    Recording.open(await file(t, 'w.csv', 'a,b\n1,2\n'), options),
    /has no column clock; it has a, b/,
  );
});

test('single rows and columns carry every cell to JSON and back', async (t) => {
  const path = await file(t, 'x.csv', 't,a,b\n0.5,-0.0,"say ""hi"""\n2.25,1e-7,x\n');
  const recording = await Recording.open(path, { ...PLAIN, unit: 's' });
  const one = await all(recording.messages(1, 0));
  const payloads = one.map(({ message }) => ('batch' in message ? jsonPayload(message.batch) : ''));
  assert.deepEqual(payloads, [
    '{"t":"1970-01-01T00:00:00.500000Z","recorded_t":0.5,"a":-0.0,"b":"say \\"hi\\""}',
    '{"t":"1970-01-01T00:00:02.250000Z","recorded_t":2.25,"a":1e-7,"b":"x"}',
  ]);
  const [both] = await all(recording.messages(2, 1714564800e6));
  assert.ok('batch' in both!.message);
  assert.equal(
    jsonPayload(both.message.batch),
    '{"t0":1714564800500000,"dt":1750000,"recorded_t":[0.5,2.25],"a":[-0.0,1e-7],"b":["say \\"hi\\"","x"]}',
  );
});

test('comma2k19: every row of every file comes with every cell', { skip }, async () => {
  const folder = join(shared, 'data/comma2k19-segment');
  for (const name of ['can_raw', 'can_radar', 'imu_accelerometer', 'gnss_live_gnss_ublox']) {
    const path = join(folder, `${name}.csv.gz`);
    const [header, ...lines] = gunzipSync(await readFile(path))
      .toString()
      .trimEnd()
      .split('\n');
    const names = header!.split(',');
    const recording = await Recording.open(path, { ...PLAIN, unit: 's' });
    assert.equal(recording.rows, lines.length);
    assert.equal(recording.broken, 0);
    let i = 0;
    for await (const { message } of recording.messages(1000, 0)) {
      assert.ok('batch' in message);
      const { batch } = message;
      for (let r = 0; r < batch.rows; r++, i++) {
        const cells = lines[i]!.split(',');
        assert.equal(batch.timeUs[r], exactUs(cells[0]!, 1e6));
        for (let c = 0; c < names.length; c++) {
          const value = cellAt(batch, c, r);
          const isText = names[c] === 'data_hex';
          if (cells[c] === 'NaN') assert.equal(value, null);
          else if (!Object.is(value, isText ? cells[c] : Number(cells[c])))
            assert.fail(`${name} row ${i} ${names[c]}: ${value} is not ${cells[c]}`);
        }
      }
    }
    assert.equal(i, lines.length);
  }
});

test('VehSense: the cut line of raw_rot is the only one sent as it stands, and short OBD rows are rows', {
  skip,
}, async () => {
  const folder = join(shared, 'data/vehsense-trip-a');
  const options = { ...PLAIN, timeColumns: ['sys_time', 'system_time', 'timestamp'] };
  const counts: Record<string, [number, number]> = {};
  for (const name of ['gps', 'raw_mag', 'raw_grav', 'raw_gyro', 'raw_rot', 'raw_obd']) {
    const recording = await Recording.open(join(folder, `${name}.txt.gz`), options);
    counts[name] = [recording.rows, recording.broken];
    if (name !== 'raw_rot') continue;
    const last = (await all(recording.messages(500, 0))).at(-1)!;
    assert.deepEqual(last.message, { stream: 'raw_rot', raw: '"283559.0","1508885236021","2514818808444783"' });
    assert.equal(typesOf(recording).abs_timestamp, 'i64');
  }
  assert.deepEqual(counts, {
    gps: [233, 0],
    raw_mag: [28431, 0],
    raw_grav: [14232, 0],
    raw_gyro: [1423, 0],
    raw_rot: [14178, 1],
    raw_obd: [2547, 0],
  });
});
