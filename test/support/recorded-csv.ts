import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Reads a recording with none of the project's code: lines, commas, optional quotes; `rows` are those that are whole. */
export function readCsv(path: string): { columns: string[]; rows: string[][]; cut: string[] } {
  const text = gunzipSync(readFileSync(path)).toString();
  const lines = text.split('\n');
  const last = lines.pop()!;
  const split = (line: string) => line.split(',').map((cell) => cell.replace(/^"|"$/g, ''));
  const [head, ...body] = lines;
  return { columns: split(head!), rows: body.map(split), cut: last === '' ? [] : [last] };
}
