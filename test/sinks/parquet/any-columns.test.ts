import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { type CellArray, cellAt } from '../../../columnar/batch.js';
import { newCells } from '../../../columnar/kernels/cells.js';
import { type ColumnType, field, Schema } from '../../../columnar/schema.js';
import { ParquetColumns } from '../../../sinks/parquet/parquet-columns.js';
import { encodeParquet } from '../../../sinks/parquet/parquet-encoder.js';
import { random } from '../../support/random.js';
import { temporary } from '../file/helpers.js';
import { query } from '../file/under-test.js';

const START_US = Date.UTC(2024, 2, 22) * 1000;
const TYPES = ['f64', 'f32', 'i64', 'i32', 'i16', 'u8', 'bool', 'utf8'] as const;

interface Shape {
  type: ColumnType;
  scale: number;
  /** How many different cells it takes from, and how long each stays. */
  different: number;
  stays: number;
  nulls: number;
}

interface Contents {
  columns: Shape[];
  /** Microseconds from row to row, over and over. */
  gaps: number[];
  rows: number;
  snappy: boolean;
  seed: number;
}

const shapes = fc.record<Shape>({
  type: fc.constantFrom(...TYPES),
  scale: fc.constantFrom(1, 0.01),
  different: fc.constantFrom(1, 2, 3, 9, 255, 256, 257, 5_000, 70_000),
  stays: fc.constantFrom(1, 7, 8, 9, 100),
  nulls: fc.constantFrom(0, 0, 0.3, 1),
});
const gaps = fc.constantFrom<number[]>(
  [10_000],
  [9_999, 10_001],
  [0, 1, 2 ** 24 - 1],
  [1, 2 ** 24],
  [-5_000, 10_000],
  [2 ** 45],
);

test('Whatever repeats, stays or varies in columns, DuckDB and hyparquet read the same cells and times.', async (t) => {
  const folder = temporary(t);
  let files = 0;
  const contents = fc.record<Contents>({
    columns: fc.array(shapes, { minLength: 1, maxLength: 8 }),
    gaps,
    rows: fc.constantFrom<number>(1, 2, 33, 63, 64, 65, 128, 129, 130, 999, 5_000, 40_000),
    snappy: fc.boolean(),
    seed: fc.nat(),
  });
  await fc.assert(
    // DuckDB keeps parts of files by their names.
    fc.asyncProperty(contents, (one) => assertRead(join(folder, `${files++}.parquet`), one)),
    { numRuns: 60, examples: [[{ columns: everyType(), gaps: [10_000], rows: 140_000, snappy: true, seed: 7 }]] },
  );
});

function everyType(): Shape[] {
  return TYPES.map((type) => ({ type, scale: 1, different: 200, stays: 3, nulls: 0 }));
}

async function assertRead(path: string, { columns, gaps, rows, snappy, seed }: Contents): Promise<void> {
  const next = random(seed);
  const fields = columns.map(({ type, scale }, c) => field(`c${c}`, type, /^[iu]\d/.test(type) ? scale : 1));
  const timeUs = new Float64Array(rows);
  for (let i = 0; i < rows; i++) timeUs[i] = i === 0 ? START_US : timeUs[i - 1]! + (gaps[i % gaps.length]! % 3e9);
  const batch = {
    stream: 'car/44/any',
    schema: new Schema(fields),
    rows,
    timeUs,
    columns: columns.map((shape) => columnOf(shape, rows, next)),
  };
  const data = new ParquetColumns(batch.schema);
  data.add(batch);
  const fd = openSync(path, 'w');
  encodeParquet({ stream: batch.stream, tags: {}, rows: data, metadata: {} }, snappy, (bytes) => writeSync(fd, bytes));
  closeSync(fd);

  const byDuckDb = await query(`SELECT epoch_us(time) AS us, * FROM read_parquet('${path}')`);
  const bytes = readFileSync(path);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const byHyparquet = await parquetReadObjects({ file: buffer, utf8: true });
  assert.equal(byDuckDb.length, rows);
  assert.equal(byHyparquet.length, rows);
  for (let i = 0; i < rows; i++) {
    assert.equal(Number(byDuckDb[i]!.us), timeUs[i]);
    assert.equal(Number((byHyparquet[i]!.time as Date).getTime()), Math.floor(timeUs[i]! / 1000));
    for (const [c, { type, scale }] of fields.entries()) {
      let cell = cellAt(batch, c, i);
      if (cell !== null && type === 'i64' && scale === 1) cell = batch.columns[c]!.values[i]!;
      const where = `row ${i} of c${c}, ${type}`;
      if (!Object.is(byDuckDb[i]![`c${c}`], cell))
        assert.fail(`DuckDB, ${where}: ${byDuckDb[i]![`c${c}`]}, not ${cell}`);
      const other = byHyparquet[i]![`c${c}`] ?? null;
      if (!Object.is(other, cell)) assert.fail(`hyparquet, ${where}: ${other}, not ${cell}`);
    }
  }
  for (const [c, { type }] of fields.entries()) await assertPruned(path, batch, c, type);
}

/** Readers leave out what least and greatest of a column exclude: a cell has to be found by what it is. */
async function assertPruned(
  path: string,
  batch: Parameters<typeof cellAt>[0],
  c: number,
  type: ColumnType,
): Promise<void> {
  const cell = cellAt(batch, c, batch.rows - 1);
  if (cell === null || type === 'utf8' || type === 'f32' || type === 'bool' || Number.isNaN(cell)) return;
  const [found] = await query(`SELECT count(*) AS n FROM read_parquet('${path}') WHERE c${c} = ${literal(cell)}`);
  assert.ok(Number(found!.n) > 0, `c${c} = ${cell}`);
}

function literal(cell: unknown): string {
  return typeof cell === 'number' ? `CAST('${cell}' AS DOUBLE)` : String(cell);
}

const ODD = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, -Number.MAX_VALUE, 0.1];

function columnOf({ type, different, stays, nulls }: Shape, rows: number, next: () => number) {
  const values = newCells(type, rows);
  const dictionary = type === 'utf8' ? Array.from({ length: different }, (_, i) => `t${i}é`) : null;
  let bits: Uint8Array | null = null;
  let which = 0;
  for (let i = 0; i < rows; i++) {
    if (i % stays === 0) which = Math.floor(next() * different);
    setCell(values, type, i, which);
    if (next() >= nulls) continue;
    bits ??= new Uint8Array((rows + 7) >> 3);
    bits[i >> 3]! |= 1 << (i & 7);
  }
  return { values, nulls: bits, dictionary };
}

function setCell(values: CellArray, type: ColumnType, i: number, which: number): void {
  if (values instanceof BigInt64Array)
    values[i] = BigInt(which) * 0x1_0000_0001n - (2n ** 63n * BigInt(which & 1)) / 2n;
  else if (type === 'f64' || type === 'f32') values[i] = which < ODD.length ? ODD[which]! : (which - 100) * 0.01;
  else if (type === 'i32') values[i] = Math.imul(which, 0x9e3779b1);
  else values[i] = type === 'bool' ? which & 1 : which;
}
