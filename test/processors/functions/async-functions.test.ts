import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import {
  asyncBatchFunction,
  asyncFunction,
  batchFunction,
  rowFunction,
} from '../../../processors/functions/function-definition.js';
import type { BatchRows } from '../../../processors/functions/function-types.js';
import { type GraphOptions, PartitionGraph, type ProcessorOutput } from '../../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan, WindowStep } from '../../../processors/plan.js';
import { event, lanesOf, recordsOf } from '../random-records.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf } from '../telemetry.js';
import { functionsOf, mapStep } from './with-functions.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 100);
const S = 1_000_000;

/** Some rows are dropped, doubled or refused, and a column has the type of its first value. */
function graded(row: Row): unknown {
  const x = row.x as number;
  if (x % 11 === 0) return null;
  if (x % 13 === 0) throw new Error(`x is ${x}`);
  if (x % 5 === 0) return [true, { grade: x }];
  return x % 17 === 0 ? { grade: 'none' } : { grade: x / 2 };
}

const doubled = ({ rows, column }: BatchRows) => {
  if (rows === 0) throw new Error('no rows');
  return { double: column('x').map((x) => 2 * x) };
};

/** Answers come in an order of their own. */
async function later<T>(turns: number, value: () => T): Promise<T> {
  for (let i = 0; i < turns; i++) await turn();
  return value();
}

const join: JoinStep = {
  verb: 'join',
  with: { pattern: '{k}/{car}/gps' },
  how: 'backward',
  toleranceUs: S,
  waitUs: 2 * S,
  keep: 'left',
  prefix: '',
};
const window: WindowStep = {
  verb: 'window',
  kind: { tumblingUs: S / 2 },
  graceUs: 0,
  idleUs: 10 * S,
  emit: 'close',
  aggregate: { sum: 'sum(double)', n: 'count()' },
};

const plans = [
  { name: 'm', from: [{ pattern: '{k}/{car}/imu' }], steps: [join, mapStep('rows'), mapStep('batches')] },
  { name: 'behind', from: [{ processor: 'm' }], steps: [window] },
] as ProcessorPlan[];

async function runAsking(graph: PartitionGraph, records: ReturnType<typeof recordsOf>, sizes: readonly number[]) {
  const out: ProcessorOutput[] = [];
  for (let at = 0, turn = 0; at < records.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    out.push(...(await graph.runAsking(records.slice(at, at + size))));
    at += size;
  }
  return out;
}

test('functions that wait give the rows, in the order, that functions give which do not, however their answers come', async () => {
  const events = fc.array(event, { minLength: 1, maxLength: 40, size: 'max' });
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
  const turns = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 7 });
  let rows = 0;
  await fc.assert(
    fc.asyncProperty(events, sizes, turns, fc.integer({ min: 1, max: 5 }), async (given, cut, delays, concurrency) => {
      const records = recordsOf(given);
      let calls = 0;
      const delay = () => delays[calls++ % delays.length]!;
      const onError = { m: 'dead-letter' } as const;
      const atOnce: GraphOptions = {
        functions: functionsOf({
          rows: rowFunction({ row: graded as never }),
          batches: batchFunction({ batch: doubled }),
        }),
        onError,
      };
      const waiting: GraphOptions = {
        functions: functionsOf({
          rows: asyncFunction({ concurrency, row: (row) => later(delay(), () => graded(row) as never) }),
          batches: asyncBatchFunction({ concurrency, batch: (batch) => later(delay(), () => doubled(batch)) }),
        }),
        onError,
      };
      const one = new PartitionGraph(plans, [], atOnce);
      const wanted = lanesOf(runGrouped(one, records, [1]));
      const other = new PartitionGraph(plans, [], waiting);
      assert.equal(other.asks, true);
      assert.deepEqual(lanesOf(await runAsking(other, records, cut)), wanted);
      const letters = (graph: PartitionGraph) =>
        graph
          .takeFailed()
          .map(({ lane, number, original }) => `${lane} ${number} ${original}`)
          .sort();
      assert.deepEqual(letters(other), letters(one));
      for (const lane of wanted.values()) rows += lane.length;
    }),
    { numRuns: RUNS },
  );
  assert.ok(rows > RUNS, `${rows} rows`);
});

const schema = schemaOf(['x', 'f64']);
const plan = { name: 'm', from: [{ pattern: 'car/{car}/a' }], steps: [mapStep('f')] } as ProcessorPlan;
const records = ['1', '2', '3'].map((car) =>
  dataRecord(
    `car/${car}/a`,
    schema,
    Array.from({ length: 10 }, (_, i) => ({ timeUs: i * S, x: i })),
    0,
  ),
);

test('So many calls are under way as the function says and no more, over the rows of all streams of a run.', async () => {
  let [under, most] = [0, 0];
  const of = asyncFunction({
    concurrency: 7,
    async row(row) {
      most = Math.max(most, ++under);
      await later(3, () => null);
      under--;
      return { y: row.x * 2 };
    },
  });
  const graph = new PartitionGraph([plan], [], { functions: functionsOf({ f: of }) });
  const rows = outputRows(await graph.runAsking(records));
  assert.deepEqual([rows.length, most, under], [30, 7, 0]);
  for (const row of rows) assert.equal(row.y, 2 * (row.x as number));
});

test('A call that takes too long has failed, its signal is aborted, and the row it was given stays as it was.', async () => {
  const aborted: unknown[] = [];
  const of = asyncFunction({
    timeout: '30ms',
    async row(row, { signal }) {
      if (row.x !== 4) return true;
      await new Promise((next) => signal.addEventListener('abort', next));
      await later(5, () => null);
      aborted.push(row.x);
      return true;
    },
  });
  const options: GraphOptions = { functions: functionsOf({ f: of }), onError: { m: 'dead-letter' } };
  const graph = new PartitionGraph([plan], [], options);
  assert.equal(outputRows(await graph.runAsking([records[0]!])).length, 9);
  const [letter] = graph.takeFailed();
  assert.match(
    letter!.reason,
    /processor m, steps\[0\], map f: the call took longer than 0\.03 s \(option timeout\); at the row/,
  );
  await later(20, () => null);
  assert.deepEqual(aborted, [4]);
  const stops = new PartitionGraph([plan], [], { functions: functionsOf({ f: of }) });
  await assert.rejects(stops.runAsking(records), { code: 'processor-failed', retryable: true, message: /took longer/ });
});

test('What the options may be is said, and an async function where none can be waited for is refused.', () => {
  const row = async () => null;
  assert.throws(
    () => asyncFunction({ row, concurrency: 0 }),
    /asyncFunction: concurrency is a whole number from 1 to 1000/,
  );
  assert.throws(() => asyncFunction({ row, timeout: '0s' }), /timeout/);
  assert.throws(() => rowFunction({ row: row as never }), /row is async; write asyncFunction\(\{ … \}\)/);
  assert.throws(() => batchFunction({ batch: row as never }), /batch is async; write asyncBatchFunction/);
});
