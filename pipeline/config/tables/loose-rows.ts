import type { LooseCell } from '../../../columnar/column-typing.js';
import { CsvParser } from '../../../core/csv-parser.js';
import { lineOf, parseJson } from '../parse-json.js';

/** The rows of a table as its file has them. */
export interface LooseRows {
  names: string[];
  /** By place in `names`; may be shorter. */
  cells: LooseCell[][];
  /** What a message calls a row: `line 12`, or `row 3` of a JSON list. */
  where(row: number): string;
  /** Whether texts may stand for numbers and truth values. */
  isText: boolean;
}

/** A CSV text with a header; each line has as many fields as the header. Throws an Error that names the line. */
export function csvRows(text: string): LooseRows {
  const parser = new CsvParser();
  const records = [...parser.push(text), ...parser.end()];
  for (const { isOpen, line } of records) {
    if (isOpen) throw new Error(`line ${line}: a quote is never closed, or stands before the end of its field`);
  }
  const [header, ...rows] = records;
  if (!header) throw new Error('the file is empty; its first line must name the columns');
  const names = header.cells.map((cell) => cell?.trim() ?? '');
  names.forEach((name, i) => {
    if (name === '') throw new Error(`line ${header.line}: field ${i + 1} of the header has no name`);
    if (names.indexOf(name) < i) throw new Error(`line ${header.line}: the column ${name} stands twice`);
  });
  for (const { cells, line } of rows) {
    if (cells.length === names.length) continue;
    throw new Error(`line ${line} has ${cells.length} fields, the header ${names.length}`);
  }
  return { names, cells: rows.map(({ cells }) => cells), where: (row) => `line ${rows[row]!.line}`, isText: true };
}

/** JSON lines, one object each; empty lines are passed over. Throws an Error that names the line. */
export function jsonLineRows(text: string): LooseRows {
  const objects = new ObjectRows();
  const lines: number[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const where = `line ${i + 1}`;
    objects.add(
      parseJson(line, () => where),
      where,
    );
    lines.push(i + 1);
  });
  return { ...objects.rows(), where: (row) => `line ${lines[row]}` };
}

/** A JSON list of objects. Throws an Error that names the line or the row. */
export function jsonListRows(text: string): LooseRows {
  const list = parseJson(text, (at) => lineOf(text, at));
  if (!Array.isArray(list)) throw new Error('the file holds no list of objects, as in [{ "number": 44 }]');
  const objects = new ObjectRows();
  list.forEach((each, i) => {
    objects.add(each, `row ${i + 1}`);
  });
  return { ...objects.rows(), where: (row) => `row ${row + 1}` };
}

/** Objects as rows: nested objects become dotted columns, lists their JSON text. */
class ObjectRows {
  private readonly places = new Map<string, number>();
  private readonly cells: LooseCell[][] = [];

  add(value: unknown, where: string): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error(`${where} is no object of columns, as in { "number": 44 }`);
    }
    const row: LooseCell[] = [];
    this.flatten(value, '', row);
    this.cells.push(row);
  }

  rows(): Omit<LooseRows, 'where'> {
    return { names: [...this.places.keys()], cells: this.cells, isText: false };
  }

  private flatten(value: object, prefix: string, row: LooseCell[]): void {
    for (const [key, cell] of Object.entries(value) as [string, unknown][]) {
      const name = prefix + key;
      if (typeof cell === 'object' && cell !== null && !Array.isArray(cell)) {
        this.flatten(cell, `${name}.`, row);
        continue;
      }
      let place = this.places.get(name);
      if (place === undefined) this.places.set(name, (place = this.places.size));
      while (row.length < place) row.push(null);
      row[place] = Array.isArray(cell) ? JSON.stringify(cell) : (cell as LooseCell);
    }
  }
}
