import { bitmapBytes, type CellArray, type Column, cellAt } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { type ColumnType, type Field, field, Schema } from '../../columnar/schema.js';
import type { SinkBatch } from '../../sinks/sink.js';

/** Records that are the same for the same seed, of every cell type, and the rows they stand for. */

export const TOPIC = 'telemetry';
const START_US = 1_711_111_111_123_000;
const FLOATS = [0, -0, 0.1, -1.5, 1e21, 5e-324, 1.7976931348623157e308, 123456.789, 1 / 3, 1e-7, 4294967296.5];
const BIG = [0n, -1n, 9007199254740993n, -9007199254740993n, 9223372036854775807n, -9223372036854775808n, 42n];
const TEXTS = [
  '',
  ' ',
  'plain',
  'say "hi", twice',
  'line\nbreak\r\n',
  'läuft 🏁',
  ',',
  '\\',
  'null',
  '\u0001',
  "it's",
  'NaN',
];

/** A small generator of pseudo-random numbers (mulberry32, T. Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const EVERY_TYPE: Field[] = [
  field('f64', 'f64'),
  field('f32', 'f32'),
  field('i64', 'i64'),
  field('i32', 'i32'),
  field('i16', 'i16'),
  field('u8', 'u8'),
  field('bool', 'bool'),
  field('utf8', 'utf8'),
  field('scaled', 'i16', 0.01, -40),
  field('odd "name", ü', 'f64'),
];
const SCHEMAS = [
  new Schema(EVERY_TYPE),
  new Schema([field('ax', 'f32'), field('ay', 'f32')]),
  new Schema([field('note', 'utf8'), field('n', 'i64')]),
  new Schema([field('ax', 'f32'), field('ay', 'f32'), field('late', 'f64')]),
];

/** `records` batches in offset order within each partition; about every tenth is empty, as a tick is. */
export function workload(seed: number, records: number, partitions = 3, streams = 9): SinkBatch[] {
  const random = seeded(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const offsets = new Array<number>(partitions).fill(0);
  const all: SinkBatch[] = [];
  for (let i = 0; i < records; i++) {
    const streamNumber = pick(streams);
    const partition = streamNumber % partitions;
    const tick = pick(10) === 0;
    const kind = streamNumber % 3;
    const schema = SCHEMAS[kind === 1 && i > records / 2 ? 3 : kind]!;
    const rows = tick ? 0 : 1 + pick(20);
    const timeUs = new Float64Array(rows);
    let time = START_US + i * 10_000;
    for (let r = 0; r < rows; r++) timeUs[r] = time += pick(3) * 500;
    const car = String(streamNumber % 4);
    all.push({
      batch: {
        stream: tick ? '' : `car/${car}/stream ${streamNumber}`,
        schema: tick ? new Schema([]) : schema,
        rows,
        timeUs,
        columns: tick ? [] : schema.fields.map((f) => cells(f.type, rows, random)),
      },
      topic: TOPIC,
      partition,
      offset: offsets[partition]!,
      key: tick ? '' : `car/${car}`,
      tags: tick ? {} : { car },
      receivedUs: START_US + i * 20_000,
    });
    // Offsets of records of other branches are missing here.
    offsets[partition]! += 1 + pick(3);
  }
  return all;
}

function cells(type: ColumnType, rows: number, random: () => number): Column {
  const values: CellArray = newCells(type, rows);
  const pick = (count: number): number => Math.floor(random() * count);
  for (let r = 0; r < rows; r++) {
    if (type === 'i64') (values as BigInt64Array)[r] = BIG[pick(BIG.length)]!;
    else if (type === 'utf8') values[r] = pick(TEXTS.length);
    else if (type === 'bool') values[r] = pick(2);
    else if (type === 'f64' || type === 'f32') {
      const odd = pick(12);
      values[r] =
        odd === 0 ? Number.NaN : odd === 1 ? -Infinity : odd < 6 ? FLOATS[pick(FLOATS.length)]! : random() * 200 - 100;
    } else values[r] = pick(3) === 0 ? [-2147483648, 2147483647, 255][pick(3)]! : pick(65536) - 32768;
  }
  const nulls = pick(2) === 0 ? null : new Uint8Array(bitmapBytes(rows)).map(() => pick(256) & pick(256));
  return { values, nulls, dictionary: type === 'utf8' ? TEXTS : null };
}

export type Cell = number | bigint | boolean | string;
/** A row as read back: `timeUs`, tags, and the cells that are not null. */
export type Row = Record<string, Cell>;
export type Rows = Map<string, Row[]>;

/** The rows the batches stand for, a list a stream in the order they were sent. */
export function rowsOf(batches: readonly SinkBatch[]): Rows {
  const rows: Rows = new Map();
  for (const { batch, tags } of batches) {
    if (batch.rows === 0) continue;
    const list = rows.get(batch.stream) ?? [];
    rows.set(batch.stream, list);
    for (let r = 0; r < batch.rows; r++) {
      const row: Row = { timeUs: batch.timeUs[r]!, ...tags };
      batch.schema.fields.forEach((f, c) => {
        const cell = cellAt(batch, c, r);
        if (cell !== null) row[f.name] = cell;
      });
      list.push(row);
    }
  }
  return rows;
}

/** The type of each column of the workload, after scale and offset. */
export const COLUMN_TYPES = new Map<string, ColumnType>(
  SCHEMAS.flatMap((schema) => schema.fields.map((f): [string, ColumnType] => [f.name, f.scale === 1 ? f.type : 'f64'])),
);
