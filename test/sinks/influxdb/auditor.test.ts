import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, isNull } from '../../../columnar/batch.js';
import { field } from '../../../columnar/schema.js';
import { InfluxdbAuditor } from '../../../sinks/influxdb/influxdb-auditor.js';
import type { Precision } from '../../../sinks/influxdb/line-template.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { audited, wrongOf } from '../audited.js';
import { recordOf, START_US } from '../record-of.js';
import { databases1 } from './databases.js';
import { deliver } from './deliver.js';

const needs = await influxdb1.needsShared();
const PATTERN = 'car/{car}/imu';

/** Rows 700 us apart, in some records two of one stamp, in others those of another one, the first of them twice; three series of a tag that is a column; one has no value. */
function records(): SinkBatch[] {
  const all = Array.from({ length: 40 }, (_, offset) => {
    const rows = Array.from({ length: 1 + (offset % 7) }, (_, row) => row);
    return recordOf({
      offset,
      stream: `car/${offset % 2}/imu`,
      tags: { car: String(offset % 2) },
      times: rows.map((row) => 700 * ((offset >> 2) * 5 + (row < 3 ? row : row - 1))),
      columns: [
        [field('v', 'f64'), rows.map((row) => (offset === 10 && row === 0 ? null : offset * 10 + row))],
        [field('wheel', 'utf8'), rows.map((row) => ['left', null, 'right'][(offset + (row >> 1)) % 3]!)],
      ],
    });
  });
  return [...all, { ...all[0]!, offset: all.length }];
}

/** The points of the rows, as `STREAM/WHEEL/TIME`; with `ns` each row is its own. */
function pointsOf(all: readonly SinkBatch[], precision: Precision, unitUs: number): string[] {
  const seen = new Set<string>();
  for (const { batch, offset } of all) {
    const [v, wheel] = batch.columns as [Column, Column];
    const rows = Array.from({ length: batch.rows }, (_, row) => {
      const tag = isNull(wheel.nulls, row) ? '' : wheel.dictionary![wheel.values[row] as number]!;
      return `${batch.stream}/${tag}/${Math.floor(batch.timeUs[row]! / unitUs) * unitUs}`;
    });
    for (const [row, point] of rows.entries())
      if (!isNull(v.nulls, row)) seen.add(precision === 'ns' ? `${point}/${offset}/${row}` : point);
  }
  return [...seen];
}

const UNITS: [Precision, number][] = [
  ['ns', 1],
  ['us', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
];

for (const [precision, unitUs] of UNITS) {
  test(
    `InfluxDB 1: with precision ${precision} one row of each series and unit of time is due, and one that is gone is found.`,
    needs,
    async (t) => {
      const databases = databases1(await influxdb1.shared());
      const name = uniqueName('audit');
      await databases.make(name);
      const target = databases.target(name);
      const options = { precision, tags: ['car', 'wheel'] };
      const all = records();
      await deliver(t, { target, options, patterns: [PATTERN] }, all);
      const audit = () => {
        const auditor = new InfluxdbAuditor(
          { target, gzip: true, integers: 'auto', measurement: null, fields: null, ...options },
          [PATTERN],
        );
        return audited(auditor, all);
      };
      const whole = await audit();
      assert.deepEqual(wrongOf(whole), []);
      const sum = (of: 'bus' | 'stored' | 'overwritten' | 'unstorable') =>
        [...whole.ledgers.values()].reduce((total, ledger) => total + (ledger[of] ?? 0), 0);
      const points = pointsOf(all, precision, unitUs);
      assert.equal(sum('stored'), points.length);
      assert.equal(sum('unstorable'), 1);
      assert.equal(sum('overwritten'), sum('bus') - 1 - points.length);
      assert.equal(sum('overwritten') > 0, precision !== 'ns');

      const { url } = await influxdb1.shared();
      const untilUs = START_US + 700 * 25;
      const q = `DELETE FROM "imu" WHERE car = '0' AND wheel = 'left' AND time <= ${untilUs}999`;
      await fetch(`${url}/query?db=${name}`, { method: 'POST', body: new URLSearchParams({ q }) });
      const gone = points.filter((point) => {
        const [, car, , wheel, time] = point.split('/');
        return car === '0' && wheel === 'left' && Number(time) <= untilUs;
      });
      const less = await audit();
      assert.ok(gone.length > 0);
      assert.deepEqual(wrongOf(less), [{ stream: 'car/0/imu', lost: gone.length, duplicated: 0 }]);
    },
  );
}
