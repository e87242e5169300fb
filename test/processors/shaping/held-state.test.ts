import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { ProcessorPlan, Step } from '../../../processors/plan.js';
import { dataRecord, outputRows, type Row, schemaOf } from '../telemetry.js';

const SCHEMA = schemaOf(['x', 'f64'], ['y', 'f64']);
const T0 = 1_700_000_000_000_000;
const ROWS = 50;

function planOf(step: Step): ProcessorPlan[] {
  return [{ name: 'p', from: [{ pattern: 'car/{car}/a' }], steps: [step] }];
}

/** Fifty rows of a millisecond each; `y` has a value in the first row of all, and in the last record. */
function record(number: number, last: number) {
  const rows = Array.from({ length: ROWS }, (_, i): Row => {
    const row = number * ROWS + i;
    return { timeUs: T0 + row * 1000, x: row, y: row === 0 || number === last ? row : null };
  });
  return dataRecord('car/1/a', SCHEMA, rows, T0);
}

const STEPS: [string, Step][] = [
  ['sort', { verb: 'sort', latenessUs: 3_000_000, equal: 'all' }],
  ['fill', { verb: 'fill', columns: { y: { method: 'linear' } } }],
];

for (const [verb, step] of STEPS) {
  test(`what a ${verb} writes at a checkpoint is what came since the last, and it takes back what has left`, () => {
    let graph = new PartitionGraph(planOf(step));
    const store = new Map<string, Uint8Array>();
    const written: number[] = [];
    const out: Row[] = [];
    const isPiece = (key: string) => key.includes('rows.');
    for (let number = 0; number < 60; number++) {
      out.push(...outputRows(graph.run([record(number, 59)])));
      let bytes = 0;
      for (const [key, value] of graph.snapshot()) {
        if (value === null) store.delete(key);
        else store.set(key, Uint8Array.from(value));
        if (value && isPiece(key)) bytes += value.length;
      }
      written.push(bytes);
      if (number === 40) graph = new PartitionGraph(planOf(step), store);
    }
    assert.ok(
      written.slice(1, 59).every((bytes) => bytes > ROWS * 8 && bytes < 2 * written[1]!),
      written.join(' '),
    );
    // Three seconds later nothing waits of what came before.
    out.push(...outputRows(graph.run([record(119, 119)])));
    for (const [key, value] of graph.snapshot()) if (value === null) store.delete(key);
    const expected = Array.from({ length: 3000 }, (_, row) => row);
    assert.deepEqual(
      out.slice(0, 3000).map(({ x }) => x),
      expected,
    );
    if (verb === 'fill')
      assert.deepEqual(
        out.slice(0, 3000).map(({ y }) => Math.round(y as number)),
        expected,
      );
    assert.deepEqual([...store.keys()].filter(isPiece), []);
  });
}
