import type { Batch } from '../../columnar/batch.js';
import type { BatchRows, Cell } from './function-types.js';
import { cellReader } from './row-cursor.js';
import { CellFault } from './stored-cell.js';

/** A batch as a function per batch sees it. */
export function batchRows(batch: Batch): BatchRows {
  const { schema, rows } = batch;
  const reader = (name: string) => {
    const index = schema.indexOf(name);
    return index < 0 ? () => null : cellReader(schema.fields[index]!, batch.columns[index]!);
  };
  return {
    rows,
    timeUs: batch.timeUs.slice(0, rows),
    columns: schema.fields.map(({ name }) => name),
    column(name) {
      if (schema.fields[schema.indexOf(name)]?.type === 'utf8') {
        throw new CellFault(`column ${name} holds texts; read it with cells('${name}')`);
      }
      const read = reader(name);
      const numbers = new Float64Array(rows);
      for (let i = 0; i < rows; i++) numbers[i] = Number(read(i) ?? Number.NaN);
      return numbers;
    },
    cells(name) {
      const read = reader(name);
      return Array.from({ length: rows }, (_, i): Cell => read(i));
    },
  };
}
