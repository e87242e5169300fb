import { type Batch, isNull } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';
import { wordsOf } from '../text/text-buffer.js';
import { TextCells } from '../text/text-cells.js';
import { keyText, quotedText } from './line-escapes.js';

/** What InfluxDB documents for the value of a string field. */
export const TEXT_BYTES_MAX = 65_536;
/** A number with its key aside: the longest is a double with sign and exponent, or an integer with its `i`. */
export const NUMBER_BYTES_MAX = 32;

/** One column as a field: its key in bytes, and its cells. */
export class LineField extends TextCells {
  /** `,key=`; the first of a line gets a blank in place of the comma. */
  readonly words: Int32Array;
  /** How many bytes of `words` it takes. */
  readonly startBytes: number;
  /** Texts of the dictionary, quoted; null where it is longer than the store takes. */
  texts: (Buffer | null)[] = [];
  private scratch: Float64Array | undefined;
  private dictionary: readonly string[] | null = null;
  private longest = 0;

  constructor(
    readonly column: number,
    readonly name: string,
    field: Field,
  ) {
    super(field);
    const start = Buffer.from(`,${keyText(name)}=`);
    this.words = wordsOf(start);
    this.startBytes = start.length;
  }

  /** Takes the cells of a batch; returns the bytes its longest cell needs. */
  load(batch: Batch): number {
    this.scratch = this.loadCells(batch, this.column, this.scratch);
    const { dictionary } = batch.columns[this.column]!;
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
}
