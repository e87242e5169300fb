import assert from 'node:assert/strict';
import type { SinkBatch } from '../../../sinks/sink.js';
import { type Rows, rowsOf } from '../../contract/sink-workload.js';

/** Each row once, with all its cells, in whatever order. */
export function assertSameRows(found: Rows, batches: readonly SinkBatch[]): void {
  const plain = (rows: Rows) =>
    [...rows].flatMap(([stream, list]) => list.map((row) => textOf({ ...row, stream }))).sort();
  assert.deepEqual(plain(found), plain(rowsOf(batches)));
}

function textOf(row: Record<string, unknown>): string {
  const names = Object.keys(row).sort();
  return JSON.stringify(names.map((name) => [name, Object.is(row[name], -0) ? '-0' : String(row[name])]));
}
