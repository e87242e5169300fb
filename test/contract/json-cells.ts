import { type Cell, COLUMN_TYPES } from './sink-workload.js';

/** JSON whose integers from 16 digits on are kept as texts, so that none loses any. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text.replace(/:(-?\d{16,})(?=[,}])/g, ':"$1"')) as unknown;
}

/** A cell of the workload as it was, from what `parseExactly` gives. */
export function cellOfJson(name: string, cell: unknown): Cell {
  if (name === 'timeUs') return Number(cell);
  const type = COLUMN_TYPES.get(name);
  if (type === undefined || type === 'utf8') return cell as string;
  if (type === 'bool') return cell as boolean;
  if (type === 'f32') return Math.fround(Number(cell));
  if (type !== 'i64') return Number(cell);
  const exact = BigInt(cell as string);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}
