import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { asyncFunction, batchFunction, rowFunction } from '../../processors/functions/function-definition.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { threadWatch } from '../../processors/thread-watch.js';
import { functionsOf, mapStep } from './functions/with-functions.js';
import { dataRecord, schemaOf } from './telemetry.js';

const schema = schemaOf(['x', 'f64']);
const plan = { name: 'm', from: [{ pattern: 'car/{car}/a' }], steps: [mapStep('f')] } as ProcessorPlan;

/** Records of two rows each, which lie one after the other in time. */
function recordsOf(car: number, count: number) {
  return Array.from({ length: count }, (_, n) =>
    dataRecord(
      `car/${car}/a`,
      schema,
      [0, 1].map((i) => ({ timeUs: 2 * n + i, x: 2 * n + i })),
      0,
    ),
  );
}

const graphOf = (of: unknown) => new PartitionGraph([plan], [], { functions: functionsOf({ f: of }) });
const at = () => threadWatch.section()!.at;
const place = (timeUs: number, car: number, records: string) =>
  `processor m, steps[0], map f, at the row 1970-01-01T00:00:00.00000${timeUs}Z (timeUs ${timeUs}) of car/${car}/a, of ${records}`;

test('Of a function that runs the thread shows the step, the row, and the record or those that are worked on together.', () => {
  const rows: (string | null)[] = [];
  const records = recordsOf(1, 3);
  const [first, second, third] = records.map(({ offset }) => offset);
  const row = graphOf(rowFunction({ row: () => rows.push(at()) > 0 }));
  threadWatch.run('lane', 'code', () => row.run(records));
  // The first brings a new stream, and is alone.
  const together = `records ${second} to ${third}`;
  assert.deepEqual(rows, [
    place(0, 1, `record ${first}`),
    place(1, 1, `record ${first}`),
    ...[2, 3, 4, 5].map((timeUs) => place(timeUs, 1, together)),
  ]);
  const batches: (string | null)[] = [];
  const batch = graphOf(batchFunction({ batch: () => batches.push(at()) > 0 }));
  threadWatch.run('lane', 'code', () => batch.run(records));
  assert.deepEqual(batches, [place(0, 1, `record ${first}`), place(2, 1, together)]);
});

test('What one section was at is not said of the next.', () => {
  threadWatch.run('lane', 'code', () => graphOf(rowFunction({ row: () => true })).run(recordsOf(1, 1)));
  assert.equal(threadWatch.run('another lane', 'loading', at), null);
});

test('Of calls that are under way at once each shows its own row and record up to where it waits, and none of them then.', async () => {
  const begun: string[] = [];
  const behind: (string | null)[] = [];
  const records = [1, 2, 3].flatMap((car) => recordsOf(car, 1));
  const graph = graphOf(
    asyncFunction({
      concurrency: 2,
      async row() {
        begun.push(at()!);
        await turn();
        behind.push(at());
        return true;
      },
    }),
  );
  await threadWatch.wait('lane', 'code', () => graph.runAsking(records));
  const wanted = records.flatMap(({ offset }, i) => [0, 1].map((timeUs) => place(timeUs, i + 1, `record ${offset}`)));
  assert.deepEqual(begun.sort(), wanted.sort());
  assert.deepEqual(behind, Array(6).fill(null));
});
