import type { RecordedCell, RecordedRow, RowSource } from './row.js';
import { textChunks } from './text-chunks.js';

const LONG_INTEGER = /\d{16}/;
const TEXT_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** JSON lines: one object a line. Nested objects become dotted columns, lists their JSON text. */
export class JsonlRows implements RowSource {
  readonly isText = false;
  readonly columns: string[] = [];
  private readonly places = new Map<string, number>();

  constructor(readonly path: string) {}

  async *rows(): AsyncGenerator<RecordedRow[]> {
    let rest = '';
    for await (const text of textChunks(this.path)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      yield lines.flatMap((line) => this.row(line));
    }
    yield this.row(rest);
  }

  private row(line: string): RecordedRow[] {
    const raw = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (raw.trim() === '') return [];
    try {
      const value: unknown = JSON.parse(LONG_INTEGER.test(raw) ? raw.replace(TEXT_OR_LONG_INTEGER, exact) : raw);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        const cells: RecordedCell[] = [];
        this.flatten(value as Record<string, unknown>, '', cells);
        return [{ cells, raw, isBroken: false }];
      }
    } catch {}
    return [{ cells: [], raw, isBroken: true }];
  }

  private flatten(value: Record<string, unknown>, prefix: string, cells: RecordedCell[]): void {
    for (const [key, cell] of Object.entries(value)) {
      const name = prefix + key;
      if (typeof cell === 'object' && cell !== null && !Array.isArray(cell)) {
        this.flatten(cell as Record<string, unknown>, `${name}.`, cells);
        continue;
      }
      let place = this.places.get(name);
      if (place === undefined) {
        place = this.columns.push(name) - 1;
        this.places.set(name, place);
      }
      while (cells.length < place) cells.push(null);
      cells[place] = Array.isArray(cell) ? JSON.stringify(cell) : (cell as RecordedCell);
    }
  }
}

/** Whole numbers that a double cannot hold become texts, so that no digit is lost. */
function exact(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}
