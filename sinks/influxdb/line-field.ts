import { type Batch, isNull } from '../../columnar/batch.js';
import type { Field } from '../../columnar/schema.js';
import { wordsOf } from '../text/text-buffer.js';
import { type CellKind, TextCells } from '../text/text-cells.js';
import type { FieldTypes, Integers, StoredType } from './field-types.js';
import { keyText, quotedText } from './line-escapes.js';

/** What InfluxDB documents for the value of a string field. */
export const TEXT_BYTES_MAX = 65_536;
/** A number with its key aside: the longest is a double with sign and exponent, or an integer with its `i`. */
export const NUMBER_BYTES_MAX = 32;

/** How cells are written: as what they are, as the number type that the store has, or not at all (`conflict`). */
export type FieldForm = CellKind | 'float-of-integer' | 'integer-of-float' | 'conflict';

const OWN_TYPE: Record<CellKind, StoredType> = {
  float64: 'float',
  float32: 'float',
  integer: 'integer',
  bool: 'boolean',
  utf8: 'string',
};

/** One column as a field: its key in bytes, and its cells. */
export class LineField extends TextCells {
  form: FieldForm;
  /** What the store has the field of; undefined: not known, since no cell of it was written. */
  stored: StoredType | undefined;
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
    this.form = this.kind;
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

  /** Decides how cells are written, by what the store has; the first cells of a field say what that will be. */
  settle(measurement: string, types: FieldTypes, rows: number): void {
    const own = OWN_TYPE[this.kind];
    if (types.get(measurement, this.name) === undefined && this.hasCells(rows)) {
      types.pin(measurement, this.name, this.isFirstFloat(types.integers, rows) ? 'float' : own);
    }
    const stored = types.get(measurement, this.name);
    this.stored = stored;
    if (stored === undefined || stored === own) this.form = this.kind;
    else if (stored === 'float' && own === 'integer') this.form = 'float-of-integer';
    else if (stored === 'integer' && own === 'float') this.form = 'integer-of-float';
    else this.form = 'conflict';
  }

  /** Why a row is not written whose cell the stored type cannot hold exactly. */
  conflict(measurement: string, row: number): string {
    const own = OWN_TYPE[this.kind];
    const what = this.form === 'conflict' ? `the column is ${own}` : `cannot hold ${String(this.shown(row))} as it is`;
    return (
      `field "${this.name}" of measurement "${measurement}" is stored as ${this.stored}, and ${what}; ` +
      'give the field another name ("fields"), or the stream another measurement'
    );
  }

  /** Whether whole numbers begin a field of floats. */
  private isFirstFloat(integers: Integers, rows: number): boolean {
    if (this.kind !== 'integer') return false;
    if (integers !== 'auto') return integers === 'float';
    if (this.field.type !== 'i64') return false;
    for (let row = 0; row < rows; row++) {
      if (Math.abs(this.cells[row]!) > Number.MAX_SAFE_INTEGER && !isNull(this.nulls, row)) return false;
    }
    return true;
  }

  private shown(row: number): number | bigint {
    return this.kind === 'integer' ? this.values[row]! : this.cells[row]!;
  }

  private hasCells(rows: number): boolean {
    if (this.nulls === null) return rows > 0;
    for (let row = 0; row < rows; row++) if (!isNull(this.nulls, row)) return true;
    return false;
  }
}
