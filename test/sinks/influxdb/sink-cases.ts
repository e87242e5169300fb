import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { recordOf, START_US } from '../record-of.js';
import { deliver } from './deliver.js';
import { queryPoints, readPoints } from './read-points.js';
import { madeIn, type TestedServer } from './tested-server.js';

/** With all that names and texts have to be escaped for; what names cannot hold is left to the encoder's own tests. */
const ODD = 'a b,c=d\\e "ü 車🏎\'';

/** What rows become in the store, whichever version it is. */
export async function sinkCases({ name, needs: needsOf, databases }: TestedServer): Promise<void> {
  const needs = await needsOf();
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
    const times = [0, 1, 999, 1_500_001];
    const record = recordOf({ tags: { car: '44' }, times, columns: [[field('v', 'i32'), [1, 2, 3, 4]]] });
    for (const [precision, unit] of [
      ['ns', 1],
      ['us', 1],
      ['ms', 1_000],
      ['s', 1_000_000],
    ] as const) {
      const { target, place } = await madeIn(await databases());
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
