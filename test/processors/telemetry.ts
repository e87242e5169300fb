import { type Batch, type CellArray, cellAt } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { type Field, Schema } from '../../columnar/schema.js';
import type { InputRecord, PartitionGraph, ProcessorOutput } from '../../processors/partition-graph.js';
import { pack } from '../../schemas/data-block.js';
import { forBus, packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { type ReadPackedBatch, readPacked } from '../../schemas/read-packed.js';

export type Cell = number | bigint | boolean | string | null;
export type Row = { timeUs: number } & Record<string, Cell>;

/** A batch from rows; a cell that is missing or null is null. Integer cells are given raw. */
export function batchOf(stream: string, schema: Schema, rows: readonly Row[]): Batch {
  const columns = schema.fields.map((f) => {
    const values: CellArray = newCells(f.type, rows.length);
    const nulls = new Uint8Array((rows.length + 7) >> 3);
    const dictionary: string[] | null = f.type === 'utf8' ? [] : null;
    let any = false;
    rows.forEach((row, i) => {
      const cell = row[f.name] ?? null;
      if (cell === null) {
        nulls[i >> 3]! |= 1 << (i & 7);
        any = true;
      } else if (dictionary) {
        const known = dictionary.indexOf(cell as string);
        values[i] = known >= 0 ? known : dictionary.push(cell as string) - 1;
      } else values[i] = (f.type === 'i64' ? BigInt(cell as number) : Number(cell)) as never;
    });
    return { values, nulls: any ? nulls : null, dictionary };
  });
  return { stream, schema, rows: rows.length, timeUs: Float64Array.from(rows, (row) => row.timeUs), columns };
}

export function packedOf(batch: Batch): ReadPackedBatch {
  const packed = forBus(pack(batch), batch.schema.fingerprint);
  const target = Buffer.alloc(packedBytesMax(packed));
  return readPacked(target.subarray(0, writePacked(packed, target, 0)));
}

export function rowsOf(batch: Batch): Row[] {
  return Array.from({ length: batch.rows }, (_, i) => {
    const row: Row = { timeUs: batch.timeUs[i]! };
    batch.schema.fields.forEach((f, c) => {
      row[f.name] = cellAt(batch, c, i);
    });
    return row;
  });
}

let offset = 0;

/** A record; its entity key is the first two levels of the stream. */
export function dataRecord(
  stream: string,
  schema: Schema,
  rows: readonly Row[],
  receivedUs: number,
  tags: Record<string, string> = {},
): InputRecord {
  const key = stream.split('/').slice(0, 2).join('/');
  const packed = packedOf(batchOf(stream, schema, rows));
  return { offset: offset++, kind: 'data', key, stream, receivedUs, tags, packed, schema };
}

export function tickRecord(receivedUs: number): InputRecord {
  return { offset: offset++, kind: 'tick', key: '', stream: '', receivedUs, tags: {}, packed: null, schema: null };
}

export function schemaOf(...fields: [name: string, type: Field['type'], scale?: number, offset?: number][]): Schema {
  return new Schema(fields.map(([name, type, scale = 1, at = 0]) => ({ name, type, scale, offset: at })));
}

/** All rows of one processor over several runs, in the order they came. */
export function outputRows(outputs: readonly ProcessorOutput[], processor?: string): Row[] {
  return outputs
    .filter((output) => processor === undefined || output.processor === processor)
    .flatMap((output) => rowsOf(output.batch));
}

/** Runs the records in groups; `sizes` are used in turn. */
export function runGrouped(
  graph: PartitionGraph,
  records: readonly InputRecord[],
  sizes: readonly number[],
): ProcessorOutput[] {
  const out: ProcessorOutput[] = [];
  for (let at = 0, turn = 0; at < records.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    out.push(...graph.run(records.slice(at, at + size)));
    at += size;
  }
  return out;
}
