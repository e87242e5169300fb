import { type Batch, isNull } from '../../columnar/batch.js';
import type { Field, Schema } from '../../columnar/schema.js';
import type { SinkBatch } from '../sink.js';
import { columnNames } from './column-names.js';
import type { RowDialect } from './row-dialect.js';
import { type TextBuffer, wordsOf } from './text-buffer.js';
import { TextCells } from './text-cells.js';

const NUMBER_BYTES_MAX = 32;
const SAFE = 9007199254740991;
const NO_TIMES = new Float64Array(0);

/** Counts what a format cannot hold. */
export interface EncodeCounts {
  nonFinite: number;
}

/** Rows of one stream, one schema and one set of tags as lines of text. */
export class RowEncoder {
  /** The line at the top of a file of these columns; empty when the dialect has none. */
  readonly header: Buffer;
  private readonly rowStart: FixedText;
  private readonly afterTime: FixedText;
  private readonly rowEnd: Buffer;
  private readonly columns: ColumnText[];
  private readonly fixedBytes: number;
  private readonly keepsNulls: boolean;
  private rowBytes = 0;
  private timeUs: Float64Array = NO_TIMES;

  constructor(
    private readonly dialect: RowDialect,
    stream: string,
    readonly schema: Schema,
    readonly tags: Readonly<Record<string, string>>,
    private readonly counts: EncodeCounts,
  ) {
    const names = columnNames(dialect.reserved, tags, schema);
    const inFile = [...dialect.reserved, ...names.tags.map(([, name]) => name), ...names.columns];
    this.header = Buffer.from(dialect.header(inFile));
    this.rowStart = new FixedText(dialect.rowStart(stream));
    this.afterTime = new FixedText(names.tags.map(([tag, name]) => dialect.tag(name, tags[tag]!)).join(''));
    this.rowEnd = Buffer.from(dialect.rowEnd);
    this.columns = schema.fields.map((f, i) => new ColumnText(f, new FixedText(dialect.cellStart(names.columns[i]!))));
    let bytes = this.rowStart.room + this.afterTime.room + this.rowEnd.length + NUMBER_BYTES_MAX;
    for (const column of this.columns) bytes += column.start.room + NUMBER_BYTES_MAX;
    this.fixedBytes = bytes;
    this.keepsNulls = dialect.keepsNulls;
  }

  /** For rows as this record's; cells that the dialect cannot hold are not counted. */
  static of({ batch, tags }: SinkBatch, dialect: RowDialect): RowEncoder {
    return new RowEncoder(dialect, batch.stream, batch.schema, tags, { nonFinite: 0 });
  }

  /**
   * Appends the batch's rows, calling `full` whenever about `chunkBytes` stand in the buffer; it empties the buffer.
   * `scratch` lends memory for a column's cells; one array a column.
   */
  encode(batch: Batch, out: TextBuffer, chunkBytes: number, scratch: Float64Array[], full: () => void): void {
    this.load(batch, scratch);
    const { rows } = batch;
    for (let row = 0; row < rows; row++) {
      if (out.at >= chunkBytes) full();
      this.row(row, out);
    }
    this.unload();
  }

  /** Takes a batch, whose rows are then appended one by one, until `unload`. */
  load(batch: Batch, scratch: Float64Array[]): void {
    const { columns, dialect } = this;
    let rowBytes = this.fixedBytes;
    for (let c = 0; c < columns.length; c++) rowBytes += columns[c]!.load(batch, c, dialect, scratch);
    this.rowBytes = rowBytes;
    this.timeUs = batch.timeUs;
  }

  row(row: number, out: TextBuffer): void {
    const { columns, keepsNulls } = this;
    out.reserve(this.rowBytes);
    out.copyWords(this.rowStart.words, this.rowStart.length);
    out.integer(this.timeUs[row]!);
    out.copyWords(this.afterTime.words, this.afterTime.length);
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      if (column.nulls !== null && isNull(column.nulls, row)) {
        if (keepsNulls) out.copyWords(column.start.words, column.start.length);
        continue;
      }
      out.copyWords(column.start.words, column.start.length);
      this.cell(column, row, out);
    }
    out.copy(this.rowEnd);
  }

  unload(): void {
    for (const column of this.columns) column.unload();
    this.timeUs = NO_TIMES;
  }

  private cell(column: ColumnText, row: number, out: TextBuffer): void {
    const value = column.cells[row]!;
    switch (column.kind) {
      case 'utf8':
        out.copy(column.texts[value]!);
        return;
      case 'bool':
        out.ascii(value !== 0 ? 'true' : 'false');
        return;
      case 'integer':
        if (value <= SAFE && value >= -SAFE) out.integer(value);
        else out.ascii(String(column.values[row]!));
        return;
    }
    if (value - value !== 0) {
      this.counts.nonFinite++;
      out.ascii(this.dialect.nonFinite(value));
      return;
    }
    out.decimals = column.decimals;
    if (column.kind === 'float32') out.float32(value);
    else out.float64(value);
    column.decimals = out.decimals;
  }
}

/** What is the same in each row, in words. */
class FixedText {
  readonly words: Int32Array;
  readonly length: number;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.words = wordsOf(bytes);
    this.length = bytes.length;
  }

  /** Bytes that are written for it; those behind its end are written over. */
  get room(): number {
    return 4 * this.words.length;
  }
}

/** One column as text. */
class ColumnText extends TextCells {
  texts: Buffer[] = [];

  constructor(
    field: Field,
    readonly start: FixedText,
  ) {
    super(field);
  }

  /** Takes the cells of a batch; returns the bytes its longest text needs. */
  load(batch: Batch, index: number, dialect: RowDialect, scratch: Float64Array[]): number {
    scratch[index] = this.loadCells(batch, index, scratch[index]);
    const { dictionary } = batch.columns[index]!;
    let longest = 0;
    if (dictionary) {
      this.texts = dictionary.map((text) => Buffer.from(dialect.text(text)));
      for (const text of this.texts) if (text.length > longest) longest = text.length;
    }
    return longest;
  }

  override unload(): void {
    super.unload();
    this.texts = [];
  }
}
