import type { Batch } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';
import { TextCells } from '../text/text-cells.js';
import { BSON, type BsonBuffer, textValue } from './bson-buffer.js';

const NUMBER_BYTES = 8;
const NO_WORDS = new Int32Array(0);

/** Cells of one column as values of BSON: i64 as int64, shorter integers as int32, what is scaled and floats as double. */
export class ColumnCells extends TextCells {
  /** The type of its elements. */
  readonly type: number;
  /** Bytes of its longest cell. */
  longest = NUMBER_BYTES;
  private texts: Buffer[] = [];
  private dictionary: readonly string[] | null = null;
  private halves = NO_WORDS;
  private scratch: Float64Array | undefined;

  constructor(
    readonly column: number,
    field: Field,
  ) {
    super(field);
    if (this.kind === 'utf8') this.type = BSON.text;
    else if (this.kind === 'bool') this.type = BSON.bool;
    else if (this.kind === 'integer') this.type = field.type === 'i64' ? BSON.int64 : BSON.int32;
    else this.type = BSON.double;
  }

  load(batch: Batch): void {
    const { values, dictionary } = batch.columns[this.column]!;
    if (this.type === BSON.int64) {
      this.halves = new Int32Array(values.buffer as ArrayBuffer, values.byteOffset, 2 * batch.rows);
      this.nulls = batch.columns[this.column]!.nulls;
      return;
    }
    this.scratch = this.loadCells(batch, this.column, this.scratch);
    if (dictionary === null || dictionary === this.dictionary) return;
    this.dictionary = dictionary;
    this.texts = dictionary.map(textValue);
    this.longest = this.texts.reduce((most, text) => Math.max(most, text.length), NUMBER_BYTES);
  }

  override unload(): void {
    super.unload();
    this.halves = NO_WORDS;
    // Texts are kept for the next batch, which has the same ones as a rule; long ones would be held for nothing.
    if (this.longest > 1024) {
      this.texts = [];
      this.dictionary = null;
    }
  }

  /** Bytes of a cell that is not null. */
  bytesOf(row: number): number {
    if (this.type === BSON.text) return this.texts[this.cells[row]!]!.length;
    return this.type === BSON.bool ? 1 : this.type === BSON.int32 ? 4 : NUMBER_BYTES;
  }

  /** The cell of a row that is not null. */
  write(row: number, out: BsonBuffer): void {
    switch (this.type) {
      case BSON.double:
        out.double(this.cells[row]!);
        return;
      case BSON.int32:
        out.int32(this.cells[row]!);
        return;
      case BSON.int64:
        out.words(this.halves[2 * row]!, this.halves[2 * row + 1]!);
        return;
      case BSON.bool:
        out.byte(this.cells[row]! !== 0 ? 1 : 0);
        return;
      default:
        out.copy(this.texts[this.cells[row]!]!);
    }
  }
}
