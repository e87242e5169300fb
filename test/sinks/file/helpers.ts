import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Column } from '../../../columnar/batch.js';
import { newCells } from '../../../columnar/kernels/cells.js';
import { type ColumnType, field, Schema } from '../../../columnar/schema.js';
import type { SinkBatch } from '../../../sinks/sink.js';

export const START_US = 1_711_111_111_123_000;

export function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-file-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Cells = (number | bigint | string | null)[];

/** A record of one stream; each column is `[type, ...cells]`. */
export function record(
  stream: string,
  offset: number,
  columns: Record<string, [ColumnType, ...Cells]>,
  more: Partial<Pick<SinkBatch, 'tags' | 'partition' | 'receivedUs' | 'topic'>> = {},
): SinkBatch {
  const names = Object.keys(columns);
  const rows = names.length === 0 ? 0 : columns[names[0]!]!.length - 1;
  return {
    batch: {
      stream,
      schema: new Schema(names.map((name) => field(name, columns[name]![0]))),
      rows,
      timeUs: Float64Array.from({ length: rows }, (_, i) => START_US + offset * 1e5 + i),
      columns: names.map((name) => column(columns[name]![0], columns[name]!.slice(1) as Cells)),
    },
    topic: 'telemetry',
    partition: 0,
    offset,
    key: '',
    tags: {},
    receivedUs: START_US + offset * 1e6,
    ...more,
  };
}

function column(type: ColumnType, cells: Cells): Column {
  const values = newCells(type, cells.length);
  const nulls = new Uint8Array((cells.length + 7) >> 3);
  const dictionary: string[] = [];
  cells.forEach((cell, i) => {
    if (cell === null) nulls[i >> 3]! |= 1 << (i & 7);
    else values[i] = (typeof cell === 'string' ? dictionary.push(cell) - 1 : cell) as never;
  });
  return { values, nulls: cells.includes(null) ? nulls : null, dictionary: type === 'utf8' ? dictionary : null };
}
