import assert from 'node:assert/strict';
import type { Rows } from '../../contract/sink-workload.js';

/** Without the cells that JSON has no way to write. */
export function finite(rows: Rows): Rows {
  for (const list of rows.values()) {
    for (const row of list) {
      for (const [name, cell] of Object.entries(row)) {
        if (typeof cell === 'number' && !Number.isFinite(cell)) delete row[name];
      }
    }
  }
  return rows;
}

export function assertRows(found: Rows, wanted: Rows): void {
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  for (const [stream, rows] of wanted) assert.deepEqual(found.get(stream), rows, stream);
}
