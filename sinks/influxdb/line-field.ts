import { type Batch, type CellArray, isNull } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import type { Field } from '../../columnar/schema.js';
import { wordsOf } from '../file/text-buffer.js';
import { keyText, quotedText } from './line-escapes.js';

/** What InfluxDB documents for the value of a string field. */
export const TEXT_BYTES_MAX = 65_536;
const NO_CELLS = new Float64Array(0);
/** A number with its key aside: the longest is a double with sign and exponent, or an integer with its `i`. */
export const NUMBER_BYTES_MAX = 32;

export type FieldKind = 'float64' | 'float32' | 'integer' | 'bool' | 'utf8';

/** One column as a field: its key in bytes, and its cells as doubles whatever their type, so that loops see one kind of array. */
export class LineField {
  /** `,key=`; the first of a line gets a blank in place of the comma. */
  readonly words: Int32Array;
  /** How many bytes of `words` it takes. */
  readonly startBytes: number;
  readonly kind: FieldKind;
  cells: Float64Array = NO_CELLS;
  /** The cells as they are, for integers beyond 2^53. */
  values: CellArray = NO_CELLS;
  nulls: Uint8Array | null = null;
  /** Texts of the dictionary, quoted; null where it is longer than the store takes. */
  texts: (Buffer | null)[] = [];
  /** Decimals of the last cell, where the search for those of the next starts. */
  decimals = 0;
  private scratch = NO_CELLS;
  private dictionary: readonly string[] | null = null;
  private longest = 0;

  constructor(
    readonly column: number,
    readonly name: string,
    private readonly field: Field,
  ) {
    const start = Buffer.from(`,${keyText(name)}=`);
    this.words = wordsOf(start);
    this.startBytes = start.length;
    const { type, scale, offset } = field;
    if (type === 'utf8' || type === 'bool') this.kind = type;
    else if (type === 'f64' || scale !== 1 || offset !== 0) this.kind = 'float64';
    else this.kind = type === 'f32' ? 'float32' : 'integer';
  }

  /** Takes the cells of a batch; returns the bytes its longest cell needs. */
  load(batch: Batch): number {
    const { values, nulls, dictionary } = batch.columns[this.column]!;
    const { rows } = batch;
    const { scale, offset } = this.field;
    this.values = values;
    this.nulls = nulls;
    if (values instanceof Float64Array) this.cells = values;
    else {
      if (this.scratch.length < rows) this.scratch = new Float64Array(Math.max(rows, 2 * this.scratch.length));
      const cells = (this.cells = this.scratch);
      if (values instanceof BigInt64Array) int64ToFloat64(values, cells, rows);
      else for (let i = 0; i < rows; i++) cells[i] = values[i]!;
      if (scale !== 1 || offset !== 0) for (let i = 0; i < rows; i++) cells[i] = cells[i]! * scale + offset;
    }
    if (dictionary === null) return NUMBER_BYTES_MAX;
    if (dictionary !== this.dictionary) {
      this.dictionary = dictionary;
      this.longest = 0;
      this.texts = dictionary.map((text) => {
        if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return null;
        const bytes = Buffer.from(quotedText(text));
        if (bytes.length > this.longest) this.longest = bytes.length;
        return bytes;
      });
    }
    return this.longest;
  }

  isNull(row: number): boolean {
    return isNull(this.nulls, row);
  }

  unload(): void {
    this.cells = NO_CELLS;
    this.values = NO_CELLS;
    this.nulls = null;
  }
}
