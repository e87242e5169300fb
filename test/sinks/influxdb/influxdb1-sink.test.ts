import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { recordOf, START_US } from '../record-of.js';
import { databases1, influxql } from './databases.js';
import { deliver, sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';
import { setup } from './setup-fault.js';
import { sinkCases } from './sink-cases.js';
import { INFLUXDB_1 } from './tested-server.js';

const needs = await INFLUXDB_1.needs();
await sinkCases(INFLUXDB_1);

test('InfluxDB 1: a database that is not there is made by nobody but the user, who is told how.', needs, async (t) => {
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
});

/** A database that keeps rows for an hour; `nowUs` counts from `START_US`. */
async function shortRetention() {
  const { url } = await influxdb1.shared();
  const databases = databases1({ url });
  const name = uniqueName('short');
  await influxql(url, `CREATE DATABASE "${name}" WITH DURATION 1h`);
  return { target: databases.target(name), place: databases.place(name), nowUs: Date.now() * 1000 - START_US };
}

test(
  'InfluxDB 1: rows beyond the retention are refused one by one, in the words of the store; all others are stored.',
  needs,
  async (t) => {
    const { target, place, nowUs } = await shortRetention();
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
    const { letters, news } = await deliver(t, { target, onError: 'dead-letter' }, records);
    assert.deepEqual(
      letters.map(({ record, row }) => 100 * record.offset + row).sort((a, b) => a - b),
      [...old.keys(), 200],
    );
    assert.match(letters[0]!.reason, /^partial write: points beyond retention policy dropped=/);
    assert.equal(news.deadLetters, 51);
    const rows = (await readPoints(place)).get('imu')!;
    assert.deepEqual(
      rows.map(({ v }) => v),
      [...fresh.map((_, i) => 100 + i), 201],
    );
  },
);

test(
  'InfluxDB 1: a row that is found not to fit only while refused rows are looked for is refused too.',
  needs,
  async (t) => {
    const { target, place, nowUs } = await shortRetention();
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
    const rows = (await readPoints(place)).get('imu')!;
    assert.deepEqual(
      rows.map(({ v }) => v),
      [1, 2, 3],
    );
  },
);
