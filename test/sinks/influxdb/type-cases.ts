import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, Schema } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { recordOf } from '../record-of.js';
import { deliver, sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';
import { madeIn, type TestedServer } from './tested-server.js';
import type { Databases } from './under-test.js';

async function place(databases: Databases) {
  const { target, place } = await madeIn(databases);
  return { target, read: () => readPoints(place) };
}

const integers = (cells: number[], offset = 0) =>
  recordOf({ offset, times: cells.map((_, i) => i + 1), columns: [[field('v', 'i32'), cells]] });
const floats = (cells: number[], from: number, offset = 1) =>
  recordOf({ offset, times: cells.map((_, i) => from + i), columns: [[field('v', 'f64'), cells]] });
const texts = (cells: string[], from: number, offset = 2) =>
  recordOf({ offset, times: cells.map((_, i) => from + i), columns: [[field('v', 'utf8'), cells]] });

/** The record's first column alone. */
function speedOf({ batch }: SinkBatch): SinkBatch['batch'] {
  return { ...batch, schema: new Schema(batch.schema.fields.slice(0, 1)), columns: batch.columns.slice(0, 1) };
}

/** What becomes of columns whose field is stored as another type. */
export async function typeCases({ name, needs: needsOf, databases }: TestedServer): Promise<void> {
  const needs = await needsOf();
  test(
    `${name}: integers go into a field that is stored as float, and those a double cannot hold are refused.`,
    needs,
    async (t) => {
      const { target, read } = await place(await databases());
      await deliver(t, { target }, [floats([0.5], 0, 0)]);
      const long = recordOf({
        offset: 1,
        times: [1, 2, 3],
        columns: [[field('v', 'i64'), [7, 9007199254740993n, -9007199254740991n]]],
      });
      const { letters, news } = await deliver(t, { target, onError: 'dead-letter' }, [long]);
      assert.deepEqual(
        (await read()).get('imu')!.map(({ v }) => v),
        [0.5, 7, -9007199254740991],
      );
      assert.deepEqual(
        letters.map(({ row }) => row),
        [1],
      );
      assert.match(
        letters[0]!.reason,
        /field "v" of measurement "imu" is stored as float, and cannot hold 9007199254740993 as it is; give/,
      );
      assert.deepEqual([news.skippedRows, news.deadLetters], [1, 1]);
    },
  );

  test(
    `${name}: a column that widens to floats keeps its integer field: whole numbers are stored, the others refused.`,
    needs,
    async (t) => {
      const { target, read } = await place(await databases());
      const wide = floats([2, 2.5, Number.NaN, -0, 1e300, 3], 10);
      const { letters } = await deliver(t, { target, onError: 'dead-letter' }, [integers([1]), wide]);
      assert.deepEqual(
        (await read()).get('imu')!.map(({ v }) => v),
        [1, 2, 0, 3],
      );
      assert.deepEqual(
        letters.map(({ row }) => row),
        [1, 4],
      );
      assert.match(letters[0]!.reason, /is stored as integer, and cannot hold 2.5 as it is/);
    },
  );

  test(
    `${name}: whole numbers of JSON begin a field of floats, unless told otherwise; declared ones do not.`,
    needs,
    async (t) => {
      const { target, read } = await place(await databases());
      const begun = recordOf({
        times: [1, 2],
        columns: [
          [field('speed', 'i64'), [0, 61]],
          [field('gear', 'i32'), [1, 2]],
          [field('serial', 'i64'), [7n, 9007199254740993n]],
        ],
      });
      const widened = recordOf({
        offset: 1,
        times: [3],
        columns: [
          [field('speed', 'f64'), [61.5]],
          [field('gear', 'f64'), [2.5]],
          [field('serial', 'i64'), [9007199254740995n]],
        ],
      });
      const { letters } = await deliver(t, { target, onError: 'dead-letter' }, [begun]);
      assert.deepEqual(letters, []);
      const refused = await deliver(t, { target, onError: 'dead-letter' }, [widened]);
      assert.match(refused.letters[0]!.reason, /field "gear" .* is stored as integer, and cannot hold 2.5 as it is/);
      assert.deepEqual(
        (await read()).get('imu')!.map(({ speed, serial }) => [speed, String(serial)]),
        [
          [0, '7'],
          [61, '9007199254740993'],
        ],
      );
      for (const [integers, refuses] of [
        ['integer', true],
        ['float', false],
      ] as const) {
        const options = { integers, measurement: integers };
        await deliver(t, { target, options }, [{ ...begun, batch: speedOf(begun) }]);
        const then = await deliver(t, { target, options, onError: 'dead-letter' }, [
          { ...widened, batch: speedOf(widened) },
        ]);
        assert.equal(then.letters.length > 0, refuses);
        assert.equal((await read()).get(integers)!.length, refuses ? 2 : 3);
      }
    },
  );

  test(`${name}: the type of a field is that of its first cell, not of a column without cells.`, needs, async (t) => {
    const { target, read } = await place(await databases());
    const nulls = recordOf({
      times: [1, 2],
      columns: [
        [field('v', 'i32'), [null, null]],
        [field('w', 'f64'), [1, 2]],
      ],
    });
    const { letters } = await deliver(t, { target, onError: 'dead-letter' }, [nulls, floats([2.5], 10)]);
    assert.deepEqual(
      (await read()).get('imu')!.map(({ v }) => v),
      [undefined, undefined, 2.5],
    );
    assert.deepEqual(letters, []);
  });

  test(`${name}: texts for a field of numbers are refused without a request, under each policy.`, needs, async (t) => {
    const { target, read } = await place(await databases());
    await deliver(t, { target }, [integers([1])]);
    const records = [texts(['a', 'b'], 5), integers([4], 3)];

    const reason =
      /field "v" of measurement "imu" is stored as integer, and the column is string; give the field another name/;
    const stopped = sinkFor(t, { target });
    await stopped.sink.open();
    await stopped.sink.write(records);
    await assert.rejects(stopped.sink.flush(true), (error: Error) => {
      assert.match(
        error.message,
        /^sink "live" \(influxdb http.*\): refuses the row with timeUs 1711111111123005 of car\/44\/imu, record 2 of telemetry\/0, and 1 more: /,
      );
      return reason.test(error.message);
    });
    assert.equal((await read()).get('imu')!.length, 1);

    const skipped = await deliver(t, { target, onError: 'skip' }, records);
    assert.deepEqual([skipped.news.skippedRows, skipped.news.deadLetters, skipped.letters.length], [2, 0, 0]);
    const kept = await deliver(t, { target, onError: 'dead-letter' }, records);
    assert.deepEqual(
      kept.letters.map(({ record, row }) => [record.offset, row]),
      [
        [2, 0],
        [2, 1],
      ],
    );
    assert.match(kept.letters[0]!.reason, reason);
    assert.deepEqual(
      (await read()).get('imu')!.map(({ v }) => v),
      [1, 4],
    );
  });

  test(
    `${name}: two streams whose fields are of two types, unknown to each other, both end with one type.`,
    needs,
    async (t) => {
      const { target, read } = await place(await databases());
      // Each sink learns what is stored when it opens, which is nothing; the second learns it from the refusal.
      const one = sinkFor(t, { target, onError: 'dead-letter' });
      const other = sinkFor(t, { target, onError: 'dead-letter' });
      await one.sink.open();
      await other.sink.open();
      await one.sink.write([integers([1, 2])]);
      await one.sink.flush(true);
      const more = recordOf({ times: [20, 21], columns: [[field('w', 'f64'), [0.5, 0.25]]] });
      await other.sink.write([more, floats([5, 5.5, 6], 10), texts(['no'], 30)]);
      await other.sink.flush(true);
      const rows = (await read()).get('imu')!;
      assert.deepEqual(
        rows.map(({ v, w }) => v ?? w),
        [1, 2, 5, 6, 0.5, 0.25],
      );
      assert.deepEqual(
        other.letters.map(({ record, row }) => [record.offset, row]),
        [
          [2, 0],
          [1, 1],
        ],
      );
      assert.match(other.letters[1]!.reason, /cannot hold 5.5 as it is/);
    },
  );
}
