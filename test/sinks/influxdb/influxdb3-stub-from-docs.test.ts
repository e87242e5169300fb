import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import type { InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { recordOf, START_US } from '../record-of.js';
import { deliver, sinkFor } from './deliver.js';
import { Influxdb3StubFromDocs } from './influxdb3-stub-from-docs.js';

async function stub(t: TestContext) {
  const server = await Influxdb3StubFromDocs.start('apiv3_token');
  t.after(() => server.close());
  const target: InfluxdbTarget = { version: 3, url: server.url, database: 'race', token: 'apiv3_token' };
  return { server, target };
}

const of = (offset: number, type: 'i32' | 'f64' | 'utf8', cells: (number | string | null)[]) =>
  recordOf({
    offset,
    tags: { car: '44' },
    times: cells.map((_, i) => 10 * offset + i),
    columns: [
      [field('note', 'utf8'), cells.map((cell) => (cell === null ? null : 'two\nlines'))],
      [field('v', type), cells],
    ],
  });

test('Lines go to the write API of InfluxDB 3, in the unit that the options name.', async (t) => {
  for (const [precision, factor] of [
    ['ns', 1000n],
    ['us', 1n],
  ] as const) {
    const { server, target } = await stub(t);
    await deliver(t, { target, options: { precision } }, [of(0, 'i32', [5])]);
    assert.deepEqual([...server.databases], ['race']);
    assert.equal(server.points.length, 1);
    const [point] = server.points;
    assert.deepEqual([point!.measurement, [...point!.tags]], ['imu', [['car', '44']]]);
    assert.deepEqual(point!.fields.get('v'), { type: 'integer', value: 5n });
    assert.equal(point!.time, BigInt(START_US) * factor + (precision === 'ns' ? 1n : 0n));
  }
});

test('The rows of the lines that InfluxDB 3 names are refused in its words, in one request; all others are stored.', async (t) => {
  const { server, target } = await stub(t);
  await deliver(t, { target }, [of(0, 'f64', [0.5])]);
  const before = server.requests;
  // A sink that has not seen the field: rows without cells give no line, texts hold line ends.
  const records = [
    of(1, 'i32', [null, 1, 2]),
    recordOf({ offset: 2, tags: { car: '44' }, times: [90], columns: [[field('w', 'i32'), [7]]] }),
  ];
  const { letters, news } = await deliver(t, { target, onError: 'dead-letter' }, records);
  assert.deepEqual(
    letters.map(({ record, row, reason }) => [record.offset, row, reason]),
    [1, 2].map((row) => [
      1,
      row,
      "invalid column type for column 'v', expected iox::column_type::field::float, got iox::column_type::field::integer",
    ]),
  );
  assert.equal(server.requests, before + 1);
  assert.deepEqual([news.skippedRows, news.deadLetters], [2, 2]);
  assert.deepEqual(
    server.points.map(({ fields }) => [...fields.keys()].at(-1)),
    ['v', 'w'],
  );
});

test('InfluxDB 3 is asked for the token when the sink opens, and no message shows it.', async (t) => {
  const { target } = await stub(t);
  await assert.rejects(
    sinkFor(t, { target: { ...target, token: 'guessed-token' } as InfluxdbTarget }).sink.open(),
    (error: Error) => {
      assert.match(error.message, /the credentials are refused \(401: the request was not authenticated\)$/);
      return !error.message.includes('guessed');
    },
  );
  assert.deepEqual(await sinkFor(t, { target }).sink.open(), []);
});
