import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { StoreFault } from '../../../sinks/delivery/store-fault.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { influxdb2, influxdb2Request } from '../../servers/influxdb2-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { START_US } from './any-records.js';
import { databases1, databases2, influxql } from './databases.js';
import { deliver, sinkFor } from './deliver.js';
import { queryPoints, readPoints } from './read-points.js';
import { recordOf } from './record-of.js';
import type { Databases } from './under-test.js';

const SERVERS = [
  {
    name: 'InfluxDB 1',
    needs: await influxdb1.needsShared(),
    databases: async () => databases1(await influxdb1.shared()),
  },
  {
    name: 'InfluxDB 2',
    needs: await influxdb2.needsShared(),
    databases: async () => databases2(await influxdb2.shared()),
  },
];

async function madeIn(databases: Databases) {
  const name = uniqueName('laps');
  await databases.make(name);
  return { name, target: databases.target(name), place: databases.place(name) };
}

const setup = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreFault);
  assert.equal(error.kind, 'setup');
  assert.match(error.message, says);
  return true;
};

/** With all that names and texts have to be escaped for; what names cannot hold is left to the encoder's own tests. */
const ODD = 'a b,c=d\\e "ü 車🏎\'';

for (const { name, needs, databases } of SERVERS) {
  test(`${name}: names, tags and texts with every kind of character come back as they were.`, needs, async (t) => {
    const { target, place } = await madeIn(await databases());
    const text = `${ODD}\n\r\t\\\\"end\\`;
    const record = recordOf({
      stream: `car/44/m ${ODD}`,
      tags: { car: ODD, 'tag ,=': 'x' },
      times: [1],
      columns: [
        [field(`f ${ODD}`, 'utf8'), [text]],
        [field('#', 'bool'), [true]],
      ],
    });
    await deliver(t, { target }, [record]);
    const rows = await readPoints(place);
    assert.deepEqual(
      [...rows],
      [
        [
          `m ${ODD}`,
          [{ timeUs: START_US + 1, car: ODD, 'tag ,=': 'x', [`f ${ODD}`]: text, '#': true, stream: `car/44/m ${ODD}` }],
        ],
      ],
    );
  });

  test(
    `${name}: extreme numbers come back to the last digit, and nulls, NaN and the infinities not at all.`,
    needs,
    async (t) => {
      const { target, place } = await madeIn(await databases());
      const longs = [2n ** 63n - 1n, -(2n ** 63n), 0n];
      const doubles = [Number.MAX_VALUE, 5e-324, -0, 0.1 + 0.2, Number.NaN, Infinity, null];
      const record = recordOf({
        tags: { car: '44' },
        times: doubles.map((_, i) => i),
        columns: [
          [field('d', 'f64'), doubles],
          [field('l', 'i64'), doubles.map((_, i) => longs[i] ?? null)],
          [field('s', 'i16', 0.01, -40), doubles.map((_, i) => (i < 3 ? i * 1000 : null))],
        ],
      });
      const { news } = await deliver(t, { target }, [record]);
      const [series] = await queryPoints(place, 'SELECT d, l, s FROM imu');
      assert.deepEqual(
        series!.values.map(([, d]) => d),
        doubles.slice(0, 4),
      );
      assert.ok(Object.is(series!.values[2]![1], -0));
      assert.deepEqual(
        series!.values.map(([, , l]) => l ?? null),
        [...longs.slice(0, 2), 0, null],
      );
      assert.deepEqual(
        series!.values.map(([, , , s]) => s ?? null),
        [-40, -30, -20, null],
      );
      assert.equal(news.warnings.length, 2);
      assert.match(news.warnings[0]!, /^NaN and the infinities are left out, .* \(first in car\/44\/imu\)$/);
      assert.match(news.warnings[1]!, /^rows are left out that have no field but null/);
      assert.equal(news.skippedRows, 0);
    },
  );

  test(`${name}: times are stored to the microsecond, in the unit that is asked for.`, needs, async (t) => {
    const at = databases;
    const times = [0, 1, 999, 1_500_001];
    const record = recordOf({ tags: { car: '44' }, times, columns: [[field('v', 'i32'), [1, 2, 3, 4]]] });
    for (const [precision, unit] of [
      ['ns', 1],
      ['us', 1],
      ['ms', 1_000],
      ['s', 1_000_000],
    ] as const) {
      const { target, place } = await madeIn(await at());
      const { news } = await deliver(t, { target, options: { precision } }, [record]);
      const stored = (await readPoints(place)).get('imu')!.map(({ timeUs, v }) => [timeUs, v]);
      const wanted = new Map(times.map((time, i) => [Math.floor((START_US + time) / unit) * unit, i + 1]));
      assert.deepEqual(stored, [...wanted], precision);
      assert.equal(news.warnings.length, wanted.size < times.length ? 1 : 0);
    }
  });

  test(
    `${name}: rows of equal times, and of equal times in several records, are all there, and again after a replay.`,
    needs,
    async (t) => {
      const { target, place } = await madeIn(await databases());
      const same = (offset: number) =>
        recordOf({
          offset,
          tags: { car: '44' },
          times: [7, 7, 7],
          columns: [[field('v', 'i32'), [0, 1, 2].map((i) => 3 * offset + i)]],
        });
      const records = [same(0), same(1), same(2)];
      await deliver(t, { target }, records);
      await deliver(t, { target }, records);
      const rows = (await readPoints(place)).get('imu')!;
      assert.deepEqual(
        rows.map(({ v }) => v as number).sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
      );
      assert.deepEqual(new Set(rows.map(({ timeUs }) => timeUs)), new Set([START_US + 7]));
    },
  );

  test(
    `${name}: streams that measurement and captures do not tell apart keep their rows apart by a tag.`,
    needs,
    async (t) => {
      const { target, place } = await madeIn(await databases());
      const of = (stream: string, offset: number, v: number) =>
        recordOf({ stream, offset, times: [1], columns: [[field('v', 'i32'), [v]]] });
      await deliver(t, { target, patterns: ['car/+/imu'] }, [of('car/1/imu', 0, 1), of('car/2/imu', 1, 2)]);
      const rows = (await readPoints(place)).get('imu')!;
      assert.deepEqual(rows.map(({ v, stream }) => [v, stream]).sort(), [
        [1, 'car/1/imu'],
        [2, 'car/2/imu'],
      ]);
    },
  );
}

test(
  'InfluxDB 1: a database that is not there is made by nobody but the user, who is told how.',
  SERVERS[0]!.needs,
  async (t) => {
    const databases = databases1(await influxdb1.shared());
    const name = uniqueName('missing');
    const { sink } = sinkFor(t, { target: databases.target(name) });
    const command = `influx -execute 'CREATE DATABASE "${name}"'`;
    await assert.rejects(
      sink.open(),
      setup(new RegExp(`there is no database "${name}"; create it: ${command} \\(404: database not found`)),
    );
    await databases.make(name);
    assert.deepEqual(await sink.open(), []);
  },
);

test('InfluxDB 2: a bucket, an organization or a token that is not there is named.', SERVERS[1]!.needs, async (t) => {
  const server = await influxdb2.shared();
  const databases = databases2(server);
  const { name, target } = await madeIn(databases);
  const open = (more: object) => sinkFor(t, { target: { ...target, ...more } as typeof target }).sink.open();
  await assert.rejects(
    open({ bucket: 'nowhere' }),
    setup(/there is no bucket "nowhere"; create it: influx bucket create --org "pitwall" --name "nowhere" \(404: /),
  );
  await assert.rejects(open({ org: 'nobody' }), setup(/there is no organization "nobody" \(404: /));
  await assert.rejects(open({ token: 'guessed-token' }), (error: Error) => {
    assert.ok(!error.message.includes('guessed'));
    return setup(/the credentials are refused \(401: unauthorized access\)/)(error);
  });
  assert.deepEqual(await open({ bucket: name }), []);
});

test(
  'InfluxDB 2: a token that may only read is refused at the start, and one that may only write is enough.',
  SERVERS[1]!.needs,
  async (t) => {
    const server = await influxdb2.shared();
    const { name, target, place } = await madeIn(databases2(server));
    const found = (await (await influxdb2Request(server, `/api/v2/buckets?name=${name}`)).json()) as {
      buckets: { id: string; orgID: string }[];
    };
    const { id, orgID } = found.buckets[0]!;
    const tokenTo = async (action: string): Promise<string> => {
      const permissions = [{ action, resource: { type: 'buckets', id, orgID } }];
      const made = await influxdb2Request(server, '/api/v2/authorizations', JSON.stringify({ orgID, permissions }));
      return ((await made.json()) as { token: string }).token;
    };
    const as = async (action: string) => ({ ...target, token: await tokenTo(action) }) as typeof target;
    await assert.rejects(sinkFor(t, { target: await as('read') }).sink.open(), setup(/may not write here \(403: /));
    const row = recordOf({ tags: { car: '44' }, times: [1], columns: [[field('v', 'i32'), [5]]] });
    await deliver(t, { target: await as('write') }, [row]);
    assert.deepEqual(
      (await readPoints(place)).get('imu')!.map(({ v }) => v),
      [5],
    );
  },
);

test(
  'InfluxDB 1: rows beyond the retention are refused one by one, in the words of the store; all others are stored.',
  SERVERS[0]!.needs,
  async (t) => {
    const { url } = await influxdb1.shared();
    const databases = databases1({ url });
    const name = uniqueName('short');
    await influxql(url, `CREATE DATABASE "${name}" WITH DURATION 1h`);
    const nowUs = Date.now() * 1000 - START_US;
    const hourUs = 3_600_000_000;
    const at = (offset: number, times: number[]): SinkBatch =>
      recordOf({
        offset,
        tags: { car: '44' },
        times,
        columns: [[field('v', 'i32'), times.map((_, i) => 100 * offset + i)]],
      });
    const old = Array.from({ length: 50 }, (_, i) => nowUs - 5 * hourUs + i);
    const fresh = Array.from({ length: 50 }, (_, i) => nowUs + i);
    const records = [at(0, old), at(1, fresh), at(2, [nowUs - 9 * hourUs, nowUs + 99])];
    const { letters, news } = await deliver(t, { target: databases.target(name), onError: 'dead-letter' }, records);
    assert.deepEqual(
      letters.map(({ record, row }) => 100 * record.offset + row).sort((a, b) => a - b),
      [...old.keys(), 200],
    );
    assert.match(letters[0]!.reason, /^partial write: points beyond retention policy dropped=/);
    assert.equal(news.deadLetters, 51);
    const rows = (await readPoints(databases.place(name))).get('imu')!;
    assert.deepEqual(
      rows.map(({ v }) => v),
      [...fresh.map((_, i) => 100 + i), 201],
    );
  },
);

test(
  'InfluxDB 1: a row that is found not to fit only while refused rows are looked for is refused too.',
  SERVERS[0]!.needs,
  async (t) => {
    const { url } = await influxdb1.shared();
    const databases = databases1({ url });
    const name = uniqueName('short');
    await influxql(url, `CREATE DATABASE "${name}" WITH DURATION 1h`);
    const target = databases.target(name);
    const nowUs = Date.now() * 1000 - START_US;
    const { sink, letters } = sinkFor(t, { target, onError: 'dead-letter' });
    await sink.open();
    const column = (type: 'i32' | 'f64', offset: number, times: number[], cells: number[]) =>
      recordOf({ offset, tags: { car: '44' }, times, columns: [[field('v', type), cells]] });
    await deliver(t, { target }, [column('i32', 0, [nowUs], [1])]);
    const tooOld = nowUs - 5 * 3_600_000_000;
    // What is stored is learned from the first answer, and the second one does not say which row is too old.
    await sink.write([column('f64', 0, [tooOld, nowUs + 1, nowUs + 2, nowUs + 3], [7, 2, 2.5, 3])]);
    await sink.flush(true);
    assert.deepEqual(letters.map(({ row }) => row).sort(), [0, 2]);
    assert.deepEqual(sink.news().deadLetters, 2);
    const rows = (await readPoints(databases.place(name))).get('imu')!;
    assert.deepEqual(
      rows.map(({ v }) => v),
      [1, 2, 3],
    );
  },
);
