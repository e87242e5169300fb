import { type Batch, type Column, isNull } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';

/** 1971-01-01: below it, a number in microseconds would be taken for another unit. */
const PLAIN_US_MIN = 31_536_000e6;

/**
 * The rows as one JSON object of the contract's shapes: one row, or columns with even spacing or own times. Times are
 * whole microseconds under `t` (or `t0` and `dt`), so a column of that name must not be there. Numbers are written
 * with all their digits, -0 as -0.0; in a single row nulls are left out.
 */
export function jsonPayload(batch: Batch): string {
  const { rows, timeUs, schema, columns } = batch;
  let text = '';
  if (rows === 1) {
    text = `{"t":${timeText(timeUs[0]!)}`;
    schema.fields.forEach((f, c) => {
      if (!isNull(columns[c]!.nulls, 0)) text += `,${JSON.stringify(f.name)}:${cellText(f, columns[c]!, 0)}`;
    });
    return `${text}}`;
  }
  const dt = evenStepUs(timeUs, rows);
  if (dt > 0) text = `{"t0":${timeUs[0]},"dt":${dt}`;
  else text = `{"t":[${Array.from(timeUs.subarray(0, rows), timeText).join(',')}]`;
  schema.fields.forEach((f, c) => {
    const column = columns[c]!;
    text += `,${JSON.stringify(f.name)}:[${cellText(f, column, 0)}`;
    for (let row = 1; row < rows; row++) text += `,${cellText(f, column, row)}`;
    text += ']';
  });
  return `${text}}`;
}

function cellText(f: Field, column: Column, row: number): string {
  if (isNull(column.nulls, row)) return 'null';
  const value = column.values[row]!;
  switch (f.type) {
    case 'bool':
      return value === 0 ? 'false' : 'true';
    case 'utf8':
      return JSON.stringify(column.dictionary![value as number]);
    case 'i64':
      return scaled(f) ? numberText(Number(value) * f.scale + f.offset) : value.toString();
    default:
      return numberText(scaled(f) ? (value as number) * f.scale + f.offset : (value as number));
  }
}

function scaled(f: Field): boolean {
  return f.scale !== 1 || f.offset !== 0;
}

/** JSON has no NaN and no infinity; they go as text, which the gateway refuses where a number belongs. */
function numberText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** As a number where its size tells the gateway that it is microseconds, else as ISO 8601. */
function timeText(timeUs: number): string {
  if (timeUs >= PLAIN_US_MIN) return String(timeUs);
  const ms = Math.floor(timeUs / 1000);
  return `"${new Date(ms).toISOString().slice(0, -1)}${String(timeUs - ms * 1000).padStart(3, '0')}Z"`;
}

/** The step in whole microseconds when all times are that far apart, else 0. */
function evenStepUs(timeUs: Float64Array, rows: number): number {
  const step = timeUs[1]! - timeUs[0]!;
  if (step <= 0 || timeUs[0]! < PLAIN_US_MIN) return 0;
  for (let i = 2; i < rows; i++) if (timeUs[i]! - timeUs[i - 1]! !== step) return 0;
  return step;
}
