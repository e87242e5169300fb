import { type Batch, isNull } from '../../columnar/batch.js';
import { keyText, measurementText, storableName } from './line-escapes.js';
import type { LineLayout } from './line-template.js';
import type { TagWatch } from './tag-watch.js';

/** Series whose beginning of a line is kept from batch to batch; texts come from devices. */
const SERIES_MAX = 16_384;

interface TagColumn {
  name: string;
  column: number;
  isBool: boolean;
}

/**
 * The series of each row, and what its lines begin with: measurement and tags, escaped. With tags that are columns, rows
 * of one batch are of several series; null cells and empty texts have no tag.
 */
export class LineSeries {
  /** Series of each row; null: all rows are of series 0. */
  seriesOf: Int32Array | null = null;
  /** The beginning of the lines of each series. */
  starts: Buffer[];
  private readonly parts: { text: string; isColumn: boolean }[];
  private readonly tagColumns: TagColumn[];
  private readonly known = new Map<string, Buffer>();
  private scratch = new Int32Array(0);

  private readonly measurement: string;

  constructor(
    { measurement, tags }: LineLayout,
    isBool: (column: number) => boolean,
    private readonly watch: TagWatch | null,
  ) {
    this.measurement = measurement;
    this.parts = [{ text: measurementText(measurement), isColumn: false }];
    this.tagColumns = [];
    for (const tag of tags) {
      const key = `,${keyText(tag.name)}=`;
      if ('value' in tag) {
        this.parts.push({ text: key + keyText(tag.value), isColumn: false });
        watch?.see(measurement, tag.name, tag.value);
      } else {
        this.parts.push({ text: key, isColumn: true });
        this.tagColumns.push({ name: tag.name, column: tag.column, isBool: isBool(tag.column) });
      }
    }
    this.starts = this.tagColumns.length === 0 ? [Buffer.from(this.parts.map(({ text }) => text).join(''))] : [];
  }

  load(batch: Batch): void {
    if (this.tagColumns.length === 0) return;
    if (this.known.size >= SERIES_MAX) this.known.clear();
    const { rows } = batch;
    if (this.scratch.length < rows) this.scratch = new Int32Array(rows);
    const ids = this.scratch;
    ids.fill(0, 0, rows);
    /** The first row of each series. */
    let firsts: number[] = [0];
    for (const { column, isBool } of this.tagColumns) firsts = this.split(batch, column, isBool, ids);
    this.seriesOf = ids;
    this.starts = this.join(
      firsts.map((row) => this.start(batch, row)),
      ids,
      rows,
    );
  }

  /** Different cells may give the same tags: a null and an empty text, or a text that stands twice in a dictionary. */
  private join(starts: Buffer[], ids: Int32Array, rows: number): Buffer[] {
    const unique = [...new Set(starts)];
    if (unique.length === starts.length) return starts;
    const places = new Map(unique.map((start, id) => [start, id]));
    const numbers = starts.map((start) => places.get(start)!);
    for (let row = 0; row < rows; row++) ids[row] = numbers[ids[row]!]!;
    return unique;
  }

  /** Splits series by the cells of one more column. */
  private split(batch: Batch, column: number, isBool: boolean, ids: Int32Array): number[] {
    const { values, nulls, dictionary } = batch.columns[column]!;
    const size = (isBool ? 2 : dictionary!.length) + 1;
    const dense = new Map<number, number>();
    const firsts: number[] = [];
    let last = -1;
    let id = 0;
    for (let row = 0; row < batch.rows; row++) {
      const cell = isNull(nulls, row) ? 0 : 1 + (isBool ? (values[row] !== 0 ? 1 : 0) : (values[row] as number));
      const pair = ids[row]! * size + cell;
      if (pair !== last) {
        last = pair;
        const found = dense.get(pair);
        if (found === undefined) {
          dense.set(pair, (id = firsts.length));
          firsts.push(row);
        } else id = found;
      }
      ids[row] = id;
    }
    return firsts;
  }

  private start(batch: Batch, row: number): Buffer {
    let text = '';
    let tag = 0;
    for (const part of this.parts) {
      if (!part.isColumn) {
        text += part.text;
        continue;
      }
      const { column, isBool } = this.tagColumns[tag++]!;
      const { values, nulls, dictionary } = batch.columns[column]!;
      if (isNull(nulls, row)) continue;
      const cell = isBool ? String(values[row] !== 0) : dictionary![values[row] as number]!;
      if (cell !== '') text += part.text + keyText(storableName(cell));
    }
    const found = this.known.get(text);
    if (found) return found;
    const made = Buffer.from(text);
    this.known.set(text, made);
    if (this.watch !== null) this.see(batch, row, this.watch);
    return made;
  }

  private see(batch: Batch, row: number, watch: TagWatch): void {
    for (const { name, column, isBool } of this.tagColumns) {
      const { values, nulls, dictionary } = batch.columns[column]!;
      if (!isBool && !isNull(nulls, row)) watch.see(this.measurement, name, dictionary![values[row] as number]!);
    }
  }
}
