import { createHash } from 'node:crypto';

/** Cell types, as on the wire: little-endian, `bool` one byte a cell, `utf8` an index into a dictionary of texts. */
export const COLUMN_TYPES = ['f64', 'f32', 'i64', 'i32', 'i16', 'u8', 'bool', 'utf8'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Bytes of one cell; `utf8` counts its dictionary index. */
export const CELL_BYTES: Record<ColumnType, number> = {
  f64: 8,
  f32: 4,
  i64: 8,
  i32: 4,
  i16: 2,
  u8: 1,
  bool: 1,
  utf8: 4,
};

/**
 * One column: what it is called and how its cells are to be read. Integer types may carry `scale` and `offset`:
 * the physical value is `raw * scale + offset`. All other types have scale 1 and offset 0.
 */
export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  readonly scale: number;
  readonly offset: number;
}

export function field(name: string, type: ColumnType, scale = 1, offset = 0): Field {
  return { name, type, scale, offset };
}

/** The columns of a batch, without its time axis. Immutable; equal columns have equal fingerprints. */
export class Schema {
  readonly fields: readonly Field[];
  private readonly byName = new Map<string, number>();
  private hash = 0;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    for (let i = 0; i < fields.length; i++) {
      if (this.byName.has(fields[i]!.name)) throw new Error(`column "${fields[i]!.name}" stands twice in the schema`);
      this.byName.set(fields[i]!.name, i);
    }
  }

  /** The column's place, or -1. */
  indexOf(name: string): number {
    return this.byName.get(name) ?? -1;
  }

  /**
   * A whole number in 1 .. 2^52-1 that names these columns everywhere: the first 52 bits of the SHA-256 of
   * `JSON.stringify([[name, type, scale, offset], …])`. No more, since an Avro long travels as a JavaScript number.
   */
  get fingerprint(): number {
    if (this.hash === 0) {
      const text = JSON.stringify(this.fields.map((f) => [f.name, f.type, f.scale, f.offset]));
      const digest = createHash('sha256').update(text).digest();
      this.hash = Number(digest.readBigUInt64BE(0) >> 12n) || 1;
    }
    return this.hash;
  }
}
