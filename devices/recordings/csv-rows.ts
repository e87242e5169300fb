import { CsvParser, type CsvRecord } from '../../core/csv-parser.js';
import { PitwallError } from '../../core/errors.js';
import type { RecordedRow, RowSource } from './row.js';
import { textChunks } from './text-chunks.js';

/**
 * A CSV file with a header line. Rows with fewer fields than the header are rows whose last columns are missing; only a
 * last line that lacks both fields and its line end is taken for cut.
 */
export class CsvRows implements RowSource {
  readonly isText = true;
  columns: string[] = [];

  constructor(readonly path: string) {}

  async *rows(): AsyncGenerator<RecordedRow[]> {
    const parser = new CsvParser();
    let hasHeader = false;
    const take = (records: Iterable<CsvRecord>): RecordedRow[] => {
      const rows: RecordedRow[] = [];
      for (const record of records) {
        if (hasHeader) rows.push(this.row(record));
        else {
          this.header(record);
          hasHeader = true;
        }
      }
      return rows;
    };
    for await (const text of textChunks(this.path)) yield take(parser.push(text));
    yield take(parser.end());
    if (!hasHeader) throw this.fault('is empty: the first line must name the columns');
  }

  private header({ cells, isOpen }: CsvRecord): void {
    if (isOpen) throw this.fault('has a header with a quote that is never closed');
    const names = cells.map((cell, i) => cell?.trim() || `column_${i + 1}`);
    const seen = new Set<string>();
    this.columns = names.map((name) => {
      let unique = name;
      for (let n = 2; seen.has(unique); n++) unique = `${name}_${n}`;
      seen.add(unique);
      return unique;
    });
  }

  private row({ cells, raw, isEnded, isOpen }: CsvRecord): RecordedRow {
    const isCut = !isEnded && cells.length < this.columns.length;
    const isLong = cells.length > this.columns.length && cells.slice(this.columns.length).some((cell) => cell !== null);
    return { cells, raw, isBroken: isOpen || isCut || isLong };
  }

  private fault(what: string): PitwallError {
    return new PitwallError('bad-usage', `${this.path} ${what}`, { stage: 'command' });
  }
}
