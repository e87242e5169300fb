import { type Batch, cellAt } from './batch.js';

/** A cell as JSON text; NaN and the infinities, which JSON does not have, as null. */
export function cellToJson(value: number | bigint | boolean | string | null): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : 'null';
  return String(value);
}

/** One row as the inside of a JSON object: `"ax":0.1,"ay":0.2`; null cells are left out. */
export function rowToJson(batch: Batch, row: number): string {
  let text = '';
  for (let c = 0; c < batch.columns.length; c++) {
    const cell = cellAt(batch, c, row);
    if (cell === null) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(batch.schema.fields[c]!.name)}:${cellToJson(cell)}`;
  }
  return text;
}

/** The rows in the shape a device sends them: one object, or a list of them, `t` in microseconds. */
export function rowsToJson(batch: Batch): string {
  const rows: string[] = [];
  for (let i = 0; i < batch.rows; i++) {
    const cells = rowToJson(batch, i);
    rows.push(`{"t":${batch.timeUs[i]}${cells === '' ? '' : `,${cells}`}}`);
  }
  return rows.length === 1 ? rows[0]! : `[${rows.join(',')}]`;
}
