import type { Batch, Column } from '../../columnar/batch.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { type ColumnType, field, Schema } from '../../columnar/schema.js';
import type { CellData } from './encoder-case.js';

export const COLUMNS = 10;
export const START_US = Date.UTC(2024, 2, 22) * 1000;
export const PERIOD_US = 10_000;
const TEXTS = ['pit', 'out lap', 'sector 1', 'sector 2', 'sector 3', 'in lap', 'yellow, no passing', 'red'];
const INTEGERS: readonly ColumnType[] = ['i32', 'i16', 'u8', 'i64'];

/** Batches of `COLUMNS` columns at 100 Hz, one after the other; the same each time. */
export function encoderBatches(data: CellData, batches: number, rows: number): Batch[] {
  const random = seeded(batches + rows);
  const schema = new Schema(Array.from({ length: COLUMNS }, (_, c) => columnOf(data, c)));
  const last = schema.fields.map(() => random() * 200);
  return Array.from({ length: batches }, (_, b): Batch => {
    const timeUs = Float64Array.from({ length: rows }, (_, i) => START_US + (b * rows + i) * PERIOD_US);
    const columns = schema.fields.map(({ type }, c): Column => {
      const values = newCells(type, rows);
      for (let i = 0; i < rows; i++) {
        const walk = (last[c] = Math.abs(last[c]! + random() - 0.5));
        if (values instanceof BigInt64Array) values[i] = BigInt(Math.round(walk * 1e7));
        else values[i] = cellOf(data, type, c, walk, random());
      }
      return { values, nulls: null, dictionary: type === 'utf8' ? TEXTS : null };
    });
    return { stream: 'car/44/imu', schema, rows, timeUs, columns };
  });
}

function columnOf(data: CellData, c: number) {
  const name = `channel_${c}`;
  if (data === 'integers') return field(name, INTEGERS[c % INTEGERS.length]!);
  if (data === 'texts') return field(name, c % 2 === 0 ? 'utf8' : 'bool');
  if (data === 'scaled') return field(name, 'i16', 0.01);
  return field(name, data === 'f32' ? 'f32' : 'f64');
}

function cellOf(data: CellData, type: ColumnType, c: number, walk: number, random: number): number {
  if (data === 'random') return (random - 0.5) * 10 ** (c - 5);
  if (data === 'f32') return walk;
  if (data === 'scaled') return Math.round(walk * 100);
  if (type === 'utf8') return Math.floor(random * TEXTS.length);
  if (type === 'bool') return random < 0.5 ? 0 : 1;
  if (data === 'integers') return Math.round(type === 'i32' ? walk * 1e4 : walk);
  const ten = 10 ** (2 + (c % 3));
  return Math.round(walk * ten) / ten;
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
