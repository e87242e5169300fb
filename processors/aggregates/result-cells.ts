import { bitmapBytes, type Column } from '../../columnar/batch.js';
import { newFloat64Cells } from '../../columnar/small-cells.js';
import { BOOL, TEXT } from './kind.js';

/** The results of one call, row by row, until they are a column. */
export class ResultCells {
  readonly values: Float64Array;
  private readonly texts: (string | null)[] | null;
  private nulls: Uint8Array | null = null;

  constructor(
    readonly kind: number,
    private readonly rows: number,
  ) {
    this.values = newFloat64Cells(rows);
    this.texts = kind === TEXT ? new Array(rows).fill(null) : null;
  }

  setNull(row: number): void {
    this.nulls ??= new Uint8Array(bitmapBytes(this.rows));
    this.nulls[row >> 3]! |= 1 << (row & 7);
  }

  set(row: number, value: number | string | null): void {
    if (value === null) this.setNull(row);
    else if (typeof value === 'string') this.texts![row] = value;
    else this.values[row] = value;
  }

  column(): Column {
    const { values, nulls } = this;
    if (this.kind === BOOL) return { values: Uint8Array.from(values), nulls, dictionary: null };
    if (this.texts === null) return { values, nulls, dictionary: null };
    const indices = new Int32Array(this.rows);
    const known = new Map<string, number>();
    this.texts.forEach((text, row) => {
      if (text === null) return;
      let index = known.get(text);
      if (index === undefined) known.set(text, (index = known.size));
      indices[row] = index;
    });
    return { values: indices, nulls, dictionary: [...known.keys()] };
  }
}
